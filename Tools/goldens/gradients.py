#!/usr/bin/env python3
"""Golden gradients of vision transformers with Dual-Kernel Adapters whose Up is not zero, computed by PyTorch in float64.

    python gradients.py tiny -o Tests/Fixtures/gradients                    the committed fixtures
    python gradients.py real -o DIR --model deit_tiny.ts17.onnx             a real checkpoint (about 100 MB, not committed)

Every case is a folder of its own:
    model.onnx                    the backbone with its adapters as standard operators; weights are initializers
    input.npy, labels.npy         images [B,3,H,W] and int64 labels [B]
    logits.npy                    the first output
    sum.safetensors               gradient of the sum of the first output, by name of the initializer, and of "input"
    cross-entropy.safetensors     gradient of the mean cross-entropy of the logits
    losses.json                   both losses, and the names whose gradient is exactly zero

Gradients have the layout of their initializer and the element type of the model (computed in float64, then rounded). Each model is
also run by an independent evaluator, which must give PyTorch's logits: so the file and the golden are the same network.
"""

import argparse
import json
import math
import os
import tempfile

import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from safetensors.numpy import save_file
from torch.nn import functional

import exporting
from dka_torch import AdapterOptions, lively_tensors, load_network
from onnx_dka import insert_adapters, to_double

# Name, exporter, opset, element type, adapter: together every option and placement.
TINY_CASES = [
    ("both-float64", "torchscript", 17, "float64", AdapterOptions(bottleneck=4, large=11, small=3)),
    ("both-float32", "torchscript", 17, "float32", AdapterOptions(bottleneck=4, large=11, small=3)),
    ("shared-full-kernels", "dynamo", 18, "float32", AdapterOptions(bottleneck=2, placement="both-shared")),
    ("block-one-kernel", "torchscript", 17, "float32",
     AdapterOptions(bottleneck=3, large=None, placement="block", blocks=(1,))),
    ("before-add-dilated-bias", "dynamo", 20, "float32",
     AdapterOptions(bottleneck=4, large=3, large_dilation=2, small=3, placement="before-add", bias=True, inner_gelu=True)),
    ("parallel", "dynamo", 18, "float32", AdapterOptions(bottleneck=4, large=7, small=None, placement="parallel")),
]


def tiny_backbone(path, exporter, opset):
    """Exports a ViT of 2 blocks, width 16, 2 heads, a 3×4 grid, 5 classes. Node metadata is left out to keep files small."""
    from timm.models.vision_transformer import VisionTransformer

    model = VisionTransformer(img_size=(12, 16), patch_size=4, embed_dim=16, depth=2, num_heads=2, mlp_ratio=2, num_classes=5)
    exporting.export(exporting.seed_parameters(model, 7), path, [3, 12, 16], exporter, opset, dynamic_batch=True)
    exported = onnx.load(path)
    for item in [*exported.graph.node, *exported.graph.value_info]:
        del item.metadata_props[:]
    onnx.save(exported, path)


class Erf(OpRun):
    """The error function in float64: the reference's own rounds to float32."""

    op_domain = ""

    def _run(self, x):
        return (np.vectorize(math.erf, otypes=[np.float64])(x),)


def evaluate(model, path, image):
    """The first output by ONNX Runtime for float32, by the onnx package's reference for float64."""
    if image.dtype == np.float64:
        return ReferenceEvaluator(model, new_ops=[Erf]).run(None, {model.graph.input[0].name: image})[0]
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    fixed = isinstance(session.get_inputs()[0].shape[0], int)
    parts = np.split(image, len(image)) if fixed else [image]
    return np.concatenate([session.run(None, {session.get_inputs()[0].name: part})[0] for part in parts])


def write_case(directory, backbone, element, options, image, labels, seed):
    """Writes one case folder for a backbone file, and checks the model against PyTorch."""
    os.makedirs(directory, exist_ok=True)
    network = load_network(backbone)
    generator = torch.Generator().manual_seed(seed)
    adapters = lively_tensors(options, network.width, network.block_count, generator)
    model = onnx.load(backbone)
    insert_adapters(model, network, options, {name: value.numpy() for name, value in adapters.items()})
    if element == "float64":
        to_double(model)
    onnx.checker.check_model(model, full_check=True)
    path = os.path.join(directory, "model.onnx")
    onnx.save(model, path)

    adapted = network.with_adapter(options, adapters).converted(torch.float64)
    adapted.require_gradients(list(adapted.tensors))
    x = image.double().requires_grad_()
    logits = adapted(x)
    found = evaluate(model, path, image.numpy().astype(element))
    difference = float(np.abs(found - logits.detach().numpy()).max() / logits.detach().abs().max())
    if not difference < (1e-12 if element == "float64" else 2e-5):
        raise SystemExit(f"{directory}: the model differs from PyTorch by {difference:.1e}")

    losses = {"sum": logits.sum(), "cross-entropy": functional.cross_entropy(logits, labels)}
    notes = {"losses": {}, "zero": {}, "relative_difference": float(f"{difference:.1e}")}
    names = [network.file_names.get(name, name) for name in adapted.tensors] + [model.graph.input[0].name]
    leaves = [*adapted.tensors.values(), x]
    for loss_name, loss in losses.items():
        gradients = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
        arrays = {}
        for name, leaf, gradient in zip(names, leaves, gradients):
            value = torch.zeros_like(leaf) if gradient is None else gradient
            arrays[name] = np.ascontiguousarray(value.numpy().astype(element))
        save_file(arrays, os.path.join(directory, loss_name + ".safetensors"))
        notes["losses"][loss_name] = loss.item()
        notes["zero"][loss_name] = sorted(name for name, value in arrays.items() if not value.any())
    np.save(os.path.join(directory, "input.npy"), image.numpy().astype(element))
    np.save(os.path.join(directory, "labels.npy"), labels.numpy())
    np.save(os.path.join(directory, "logits.npy"), logits.detach().numpy().astype(element))
    with open(os.path.join(directory, "losses.json"), "w", encoding="utf-8") as file:
        json.dump(notes, file, indent=1)
        file.write("\n")
    size = sum(os.path.getsize(os.path.join(directory, name)) for name in os.listdir(directory))
    print(f"{directory}: {size} bytes, relative difference of the logits {difference:.1e}, zero gradients: {notes['zero']['sum']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["tiny", "real"])
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--model", action="append", default=[], help="real: an ONNX file of a timm-like ViT; may be repeated")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()

    torch.set_num_threads(2)
    if options.kind == "tiny":
        image = exporting.example_input([options.batch, 3, 12, 16], options.seed)
        labels = torch.arange(options.batch) * 3 % 5
        for name, exporter, opset, element, adapter in TINY_CASES:
            with tempfile.TemporaryDirectory() as scratch:
                backbone = os.path.join(scratch, "backbone.onnx")
                tiny_backbone(backbone, exporter, opset)
                write_case(os.path.join(options.output, name), backbone, element, adapter, image, labels, options.seed)
    for model in options.model if options.kind == "real" else []:
        network = load_network(model)
        size = [side * network.patch for side in network.grid]
        image = exporting.example_input([options.batch, 3, *size], options.seed)
        labels = torch.arange(options.batch) * 271 % 1000
        name = os.path.basename(model).removesuffix(".onnx")
        write_case(os.path.join(options.output, name), model, "float32", AdapterOptions(), image, labels, options.seed)


if __name__ == "__main__":
    main()
