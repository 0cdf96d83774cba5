#!/usr/bin/env python3
"""Compares dka with PyTorch on full-size Swin transformers and residual networks with seeded weights.

    python hierarchical_training.py --dka .build/release/dka [--networks swin_t,swin_b,resnet50] [-o DIR]

For each network, exported at opset 17 with an open batch:
    gradients   of the sum of the logits by every tensor of every adapter, with adapters drawn at random, both in float64: within 1e-4
                of each tensor's largest element. In float32 the difference is printed beside that of PyTorch's own float32: where
                a ReLU's operand is near zero, rounding decides which side it is on
    losses      of 20 steps on one batch of 8 images with dka's own start values, against this script's training in float32: within
                1e-4, relative, in the first three steps and 5e-3 in all
    export      what was trained, in ONNX Runtime against `dka run`: within 1e-4 of the largest logit

One line each; ends with 1 where one is beyond its bound. dka's files are read, nothing of its code is used.
"""

import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from PIL import Image
from torch.nn import functional

import exporting
import hierarchical_torch
from onnx_dka import to_double

CLASSES, BATCH, STEPS, SIDE = 3, 8, 20, 224
PARTS = ("down", "large", "small", "up")
POINTS = {"attention": 0, "mlp": 1, "block": 0}


def run(program, *arguments):
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"dka {' '.join(map(str, arguments))}\n{result.stderr}")


def initializers(path):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(path)).graph.initializer}


def adapter_names(names):
    """The adapters of a file in the order of blocks and points: for each its prefix."""
    prefixes = {match[1]: (int(match[2]), POINTS[match[3]]) for name in names
                if (match := re.fullmatch(r"(dka/(\d+)/(attention|mlp|block))/down", name))}
    return sorted(prefixes, key=prefixes.get)


def plain(part, array):
    """A tensor of a file in the layout of hierarchical_torch: projections are [in, out]."""
    if part not in ("down", "up"):
        return array
    return array.reshape(array.shape[:2]).T if array.ndim == 4 else array


def load(adapters, head, tensors):
    """Puts a file's adapters and head into the network."""
    with torch.no_grad():
        for prefix, adapter in zip(adapter_names(tensors), adapters, strict=True):
            for part in PARTS:
                getattr(adapter, part).copy_(torch.from_numpy(plain(part, tensors[f"{prefix}/{part}"]).copy()))
        head.weight.copy_(torch.from_numpy(tensors["head/weight"].copy()))
        head.bias.copy_(torch.from_numpy(tensors["head/bias"].copy()))


def draw_adapters(model, random):
    """Gives a model's adapters numbers at which every path of them is alive."""
    for tensor in model.graph.initializer:
        if tensor.name.startswith("dka/"):
            shape = tuple(tensor.dims)
            fan = math.prod(shape[1:]) if len(shape) == 4 else shape[0]
            tensor.CopyFrom(numpy_helper.from_array(
                (random.standard_normal(shape) / math.sqrt(fan)).astype(np.float32), tensor.name))


def write_images(folder):
    """Eight images of smooth noise to learn from, and two to test.

    Pairs that only differ in a corner have two classes, so that no loss comes near zero, where relative differences say nothing.
    """
    random = np.random.default_rng(5)
    for part, count in (("train", BATCH), ("test", 2)):
        for index in range(count):
            label = index % CLASSES
            if index % 2 == 0:
                small = random.integers(0, 256, (14, 14, 3), dtype=np.uint8)
            small[0, 0, 0] = 40 * (index % 2)
            path = folder / part / f"class{label}" / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(small).resize((SIDE, SIDE), Image.BICUBIC).save(path)


class Comparison:
    """One network in its folder."""

    def __init__(self, name, program, folder):
        self.name, self.program, self.folder = name, program, folder
        self.model, self.injected = folder / f"{name}.onnx", folder / "injected.onnx"
        self.is_within = True

    def report(self, what, value, bound):
        self.is_within &= bool(value <= bound)
        print(f"{self.name}: {what} {value:.1e}, bound {bound:.0e}{'' if value <= bound else ', BEYOND'}", flush=True)

    def network(self):
        return hierarchical_torch.adapted(
            hierarchical_torch.backbone(self.name, folds=True), hierarchical_torch.MergedAdapter, CLASSES)

    def prepare(self):
        backbone = hierarchical_torch.backbone(self.name, folds=True)
        exporting.export(backbone, str(self.model), [3, SIDE, SIDE], "torchscript", 17, True)
        self.report("export, difference", exporting.relative_difference(backbone, str(self.model), [3, SIDE, SIDE], 2), 1e-4)
        run(self.program, "inject", self.model, "--classes", CLASSES, "-o", self.injected)

    def compare_gradients(self):
        model = onnx.load(str(self.injected))
        random = np.random.default_rng(11)
        draw_adapters(model, random)
        lively, double = self.folder / "lively.onnx", self.folder / "double.onnx"
        onnx.save(model, str(lively))
        to_double(model)
        onnx.save(model, str(double))
        tensors = initializers(lively)
        image = random.standard_normal((1, 3, SIDE, SIDE), dtype=np.float32)
        exact = self.torch_gradients(tensors, image.astype(np.float64))
        largest = lambda found: max(float(abs(found[name] - exact[name]).max() / abs(exact[name]).max()) for name in exact)
        self.report(f"gradients of {len(exact)} tensors in float64, largest difference",
                    largest(self.dka_gradients(double, image.astype(np.float64), exact)), 1e-4)
        single = largest(self.torch_gradients(tensors, image))
        print(f"{self.name}: gradients in float32, largest difference {largest(self.dka_gradients(lively, image, exact)):.1e}, "
              f"PyTorch's own {single:.1e}", flush=True)

    def torch_gradients(self, tensors, image):
        network, adapters, head = self.network()
        load(adapters, head, tensors)
        image = torch.from_numpy(image)
        network.to(image.dtype)(image).sum().backward()
        return {f"{prefix}/{part}": getattr(adapter, part).grad.numpy()
                for prefix, adapter in zip(adapter_names(tensors), adapters, strict=True) for part in PARTS}

    def dka_gradients(self, model, image, names):
        source, output = self.folder / "image.npy", self.folder / f"gradients-{model.stem}"
        np.save(source, image)
        run(self.program, "gradients", model, "--input", source, "--wrt", ",".join(names), "--npy", "--output-dir", output)
        return {name: plain(name.rsplit("/", 1)[1], np.load(output / (name.replace("/", "_") + ".npy"))) for name in names}

    def compare_training(self):
        data, trained = self.folder / "images", self.folder / "run"
        write_images(data)
        run(self.program, "train", self.model, "--data", data, "--method", "dka", "--epochs", STEPS, "--batch", BATCH,
            "--augment", "none", "-o", trained)
        ours = [json.loads(text)["loss"] for text in (trained / "metrics.jsonl").read_text().splitlines()]
        images, labels = self.batch(data)
        network, adapters, head = self.network()
        load(adapters, head, initializers(self.injected))
        theirs = self.train(network, [p for adapter in adapters for p in adapter.parameters()], list(head.parameters()), images, labels)
        differences = [abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True)]
        print(f"{self.name}: losses {ours[0]:.4f} … {ours[-1]:.4f}, PyTorch {theirs[0]:.4f} … {theirs[-1]:.4f}")
        self.report("losses of 3 steps, largest difference", max(differences[:3]), 1e-4)
        self.report(f"losses of {STEPS} steps, largest difference", max(differences), 5e-3)
        self.compare_export(trained / "model.onnx", images)

    def batch(self, data):
        """What enters the network, as the trained file's own preparation gives it."""
        inputs = self.folder / "inputs"
        run(self.program, "evaluate", self.folder / "run" / "model.onnx", "--data", data, "--part", "train", "--save-inputs", inputs)
        paths = sorted(inputs.rglob("*.npy"))
        images = np.concatenate([np.load(path).reshape(1, 3, SIDE, SIDE) for path in paths])
        labels = [int(path.stem.rsplit("_", 1)[1]) % CLASSES for path in paths]
        return torch.from_numpy(images), torch.tensor(labels)

    @staticmethod
    def train(network, adapter, head, images, labels):
        optimizer = torch.optim.Adam([{"params": adapter, "lr": 1e-3}, {"params": head, "lr": 1e-4}])
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(images), labels)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(adapter, 1.0)
            torch.nn.utils.clip_grad_norm_(head, 1.0)
            optimizer.step()
            losses.append(loss.item())
        return losses

    def compare_export(self, model, images):
        np.save(self.folder / "trained.npy", images.numpy())
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        theirs = session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]
        output = self.folder / "outputs"
        run(self.program, "run", model, "--input", self.folder / "trained.npy", "--npy", "--output-dir", output)
        ours = np.load(next(output.glob("*.npy")))
        self.report("what was trained, in ONNX Runtime, difference", float(abs(ours - theirs).max() / abs(theirs).max()), 1e-4)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dka", required=True, help="the program to compare")
    parser.add_argument("--networks", default=",".join(hierarchical_torch.NETWORKS))
    parser.add_argument("-o", "--output", type=pathlib.Path, help="keep the files in this folder")
    options = parser.parse_args()
    torch.set_num_threads(2)
    is_within = True
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.networks.split(","):
            folder = (options.output or pathlib.Path(temporary)) / name
            folder.mkdir(parents=True)
            comparison = Comparison(name, options.dka, folder)
            comparison.prepare()
            comparison.compare_gradients()
            comparison.compare_training()
            is_within &= comparison.is_within
    sys.exit(0 if is_within else 1)


if __name__ == "__main__":
    main()
