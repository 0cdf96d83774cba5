#!/usr/bin/env python3
"""Compares the heads that dka puts on a network for segmentation with the same heads in PyTorch, forward and backward.

    python dense_heads.py --dka ../../.build/release/dka [-o DIR]

`dka train` puts each head on a tiny network (`linear`, `mask`: a vision transformer; `linear`, `stages`: a Swin transformer; `stages`: a
residual network) and trains it for an epoch, so that no tensor is zero. Its head is cut out of the written file and fed random values
in float64: scores, and the gradients of a weighted sum of them by every tensor of the head and by the values that it reads, must be
PyTorch's to 1e-6 of each tensor's largest element (constants such as 1/sqrt(24) are stored in float32). One line per head; ends with 1
where one is beyond its bound.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch.nn import functional

import segmentation
from hierarchical_training import run
from onnx_dka import to_double
from segmenter_torch import MaskTransformer

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "backbones"
NETWORKS = [
    ("linear", "timm_vit.ts17.dynamic.onnx"), ("mask", "timm_vit.ts17.dynamic.onnx"), ("linear", "timm_swin.ts11.dynamic.slim.onnx"),
    ("stages", "timm_swin.ts11.dynamic.slim.onnx"), ("stages", "timm_resnet.ts17.dynamic.onnx"),
]
BOUND = 1e-6


def cut_head(model):
    """The part of a written file that is its head.

    Returns its nodes, the initializers they use, the names of the values they read, and that of the scores.
    """
    graph = model.graph
    output = graph.output[0].name
    nodes = [node for node in graph.node if node.output[0].startswith("head/") or node.output[0] == output]
    made = {name for node in nodes for name in node.output}
    stored = {tensor.name for tensor in graph.initializer}
    read = list(dict.fromkeys(name for node in nodes for name in node.input if name and name not in made | stored))
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    return nodes, kept, read, output


def shapes_of(path, names, image):
    """Shapes of values of a file for one image, in ONNX Runtime."""
    model = onnx.load(str(path))
    for name in names:
        model.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [value.shape for value in session.run([*names, model.graph.output[0].name], {session.get_inputs()[0].name: image})]


class Parameters:
    """The head's tensors in float64, with gradients."""

    def __init__(self, tensors):
        self.tensors = {name: torch.from_numpy(array.copy()).requires_grad_() for name, array in tensors.items()}

    def __getitem__(self, name):
        return self.tensors["head/" + name]

    def layer_norm(self, x, part):
        return functional.layer_norm(x, x.shape[-1:], self[part + "/scale"], self[part + "/shift"], eps=1e-5)

    def linear(self, x, part):
        return x @ self[part + "/weight"] + self[part + "/bias"]


def channels_last(x, channels):
    """A map [B, C, h, w] or [B, h, w, C], or tokens [B, h·w, C], as [B, h, w, C]."""
    if x.dim() == 3:
        side = round(x.shape[1] ** 0.5)
        return x.reshape(x.shape[0], side, side, x.shape[2])
    return x if x.shape[-1] == channels else x.permute(0, 2, 3, 1)


def linear_head(values, head, size):
    scores = head.linear(values[0], "classifier")
    if scores.dim() == 3 and round(scores.shape[1] ** 0.5) ** 2 != scores.shape[1]:
        scores = scores[:, 1:]
    return functional.interpolate(channels_last(scores, scores.shape[-1]).permute(0, 3, 1, 2), size=size, mode="bilinear")


def stages_head(values, head, size):
    maps = []
    for stage, value in enumerate(values):
        x = channels_last(value, head[f"stages/{stage}/norm/scale"].shape[0])
        x = head.linear(head.layer_norm(x, f"stages/{stage}/norm"), f"stages/{stage}/linear")
        maps.append(x.permute(0, 3, 1, 2))
    largest = max(x.shape[2] for x in maps)
    joined = torch.cat([functional.interpolate(x, size=(largest, largest), mode="bilinear") for x in maps], dim=1)
    mixed = functional.relu(functional.conv2d(joined, head["mixed/weight"], head["mixed/bias"]))
    return functional.interpolate(functional.conv2d(mixed, head["scores/weight"], head["scores/bias"]), size=size, mode="bilinear")


def mask_head(values, head, size):
    x, classes = values[0], head["class_tokens"].shape[1]
    tokens = x if round(x.shape[1] ** 0.5) ** 2 == x.shape[1] else x[:, 1:]
    decoder = MaskTransformer(x.shape[2], classes, max(x.shape[2] // 64, 1)).double()
    for module in decoder.modules():
        # Segmenter's is PyTorch's default; timm's blocks have another one in some versions.
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 1e-5
    named = {"proj_dec.weight": head["projection/weight"].T, "proj_dec.bias": head["projection/bias"], "class_token": head["class_tokens"],
             "proj_patch": head["patches/projection"], "proj_classes": head["classes/projection"]}
    layers = {"decoder_norm": "norm", "mask_norm": "mask_norm"}
    for index in range(2):
        layers |= {f"blocks.{index}.norm1": f"blocks/{index}/norm1", f"blocks.{index}.norm2": f"blocks/{index}/norm2"}
        for theirs, ours in (("attn.qkv", "attention/qkv"), ("attn.proj", "attention/out"), ("mlp.fc1", "mlp/hidden"), ("mlp.fc2", "mlp/update")):
            named[f"blocks.{index}.{theirs}.weight"] = head[f"blocks/{index}/{ours}/weight"].T
            named[f"blocks.{index}.{theirs}.bias"] = head[f"blocks/{index}/{ours}/bias"]
    for theirs, ours in layers.items():
        named[theirs + ".weight"], named[theirs + ".bias"] = head[ours + "/scale"], head[ours + "/shift"]
    grid = (round(tokens.shape[1] ** 0.5),) * 2
    return functional.interpolate(torch.func.functional_call(decoder, named, (tokens, grid)), size=size, mode="bilinear")


HEADS = {"linear": linear_head, "mask": mask_head, "stages": stages_head}


def compare(dka, kind, network, folder):
    """The largest differences of scores and gradients, relative to each tensor's largest element, and the number of tensors."""
    data, trained = folder / "data", folder / "run"
    segmentation.draw(data / "train", 6, 1)
    segmentation.draw(data / "test", 2, 2)
    run(dka, "train", FIXTURES / network, "--data", data, "--task", "segmentation", "--head", kind, "--epochs", 1, "--batch", 2, "--dim", 8,
        "--lr-head", 1e-2, "--validation-share", 0, "-o", trained)
    written = trained / "model.onnx"
    model = onnx.load(str(written))
    side = model.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    nodes, kept, read, output = cut_head(model)
    image = np.zeros((1, 3, side, side), np.float32)
    *shapes, scores_shape = shapes_of(written, read, image)

    random = np.random.default_rng(3)
    weights = random.standard_normal(scores_shape).astype(np.float32)
    inputs = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in zip(read, shapes, strict=True)]
    graph = helper.make_graph(
        [*nodes, helper.make_node("Mul", [output, "weights"], ["weighted"])], "head", inputs,
        [helper.make_tensor_value_info("weighted", onnx.TensorProto.FLOAT, scores_shape)],
        [*kept, numpy_helper.from_array(weights, "weights")])
    head = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    to_double(head)
    onnx.save(head, str(folder / "head.onnx"))
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in head.graph.initializer}
    trainable = {name: array for name, array in stored.items() if name.startswith("head/") and not name.startswith("head/constants/")}
    values = [random.standard_normal(shape) for shape in shapes]
    feeds = []
    for index, (name, value) in enumerate(zip(read, values)):
        np.save(folder / f"value{index}.npy", value)
        feeds += ["--input", f"{name}={folder / f'value{index}.npy'}"]

    parameters = Parameters(trainable)
    read_values = [torch.from_numpy(value).requires_grad_() for value in values]
    expected = HEADS[kind](read_values, parameters, tuple(scores_shape[2:])) * torch.from_numpy(weights.astype(np.float64))
    expected.sum().backward()
    gradients = {name: tensor.grad.numpy() for name, tensor in parameters.tensors.items()}
    gradients |= {name: value.grad.numpy() for name, value in zip(read, read_values)}

    run(dka, "run", folder / "head.onnx", *feeds, "--npy", "--output-dir", folder / "scores")
    run(dka, "gradients", folder / "head.onnx", *feeds, "--wrt", ",".join(gradients), "--npy", "--output-dir", folder / "gradients")

    def difference(found, exact):
        return float(abs(found - exact).max() / abs(exact).max())

    found = np.load(next((folder / "scores").glob("*.npy")))
    worst = max(
        (difference(np.load(folder / "gradients" / (name.replace("/", "_") + ".npy")), exact), name)
        for name, exact in gradients.items())
    return difference(found, expected.detach().numpy()), worst, len(gradients)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dka", required=True, help="the program to compare")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="keep the files in this folder")
    options = parser.parse_args()
    is_within = True
    with tempfile.TemporaryDirectory() as temporary:
        for index, (kind, network) in enumerate(NETWORKS):
            folder = (options.output or pathlib.Path(temporary)) / f"{index}-{kind}"
            folder.mkdir(parents=True, exist_ok=True)
            scores, (gradient, name), count = compare(options.dka, kind, network, folder)
            is_near = scores <= BOUND and gradient <= BOUND
            is_within &= is_near
            print(f"{kind} on {network}: scores {scores:.1e}, gradients of {count} tensors {gradient:.1e} ({name}), bound {BOUND:.0e}"
                  f"{'' if is_near else ', BEYOND'}", flush=True)
    sys.exit(0 if is_within else 1)


if __name__ == "__main__":
    main()
