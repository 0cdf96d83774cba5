#!/usr/bin/env python3
"""Compares dka with PyTorch on Segmenter-B/16 with seeded weights, adapters of bottleneck 192 and the file's own mask transformer.

    python segmenter_training.py --dka .build/release/dka [--side 512] [-o DIR]

    gradients   of the sum of the scores by every tensor of every adapter, with adapters drawn at random, both in float64: within 1e-4
                of each tensor's largest element
    losses      of 10 steps of pixel cross-entropy on one batch of 2 images, against this script's training in float32: within 1e-4,
                relative, in the first three steps and 5e-3 in all
    export      what was trained, in ONNX Runtime against `dka run`: within 1e-4 of the largest score

One line each; ends with 1 where one is beyond its bound.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from PIL import Image
from torch import nn
from torch.nn import functional

import exporting
import hierarchical_torch
import segmenter_torch
from hierarchical_training import PARTS, adapter_names, draw_adapters, initializers, run
from onnx_dka import to_double

CLASSES, BATCH, STEPS, BOTTLENECK = 3, 2, 10, 192


class TokenAdapter(nn.Module):
    """The adapter on tokens [B, 1 + h·w, C]."""

    def __init__(self, width, grid):
        super().__init__()
        self.grid = grid
        self.adapter = hierarchical_torch.MergedAdapter(width, True, bottleneck=BOTTLENECK)

    def forward(self, x):
        hidden = x @ self.adapter.down
        field = hidden[:, 1:].transpose(1, 2).unflatten(2, self.grid)
        mixed = torch.cat([hidden[:, :1], self.adapter.mixed(field).flatten(2).transpose(1, 2)], dim=1)
        return x + functional.gelu(mixed) @ self.adapter.up


class AdaptedBlock(nn.Module):
    def __init__(self, block, grid):
        super().__init__()
        width = block.norm1.normalized_shape[0]
        self.block, self.first, self.second = block, TokenAdapter(width, grid), TokenAdapter(width, grid)

    def forward(self, x, *arguments, **named):
        x = self.first(x + self.block.attn(self.block.norm1(x)))
        return self.second(x + self.block.mlp(self.block.norm2(x)))


def network(side, tensors):
    """Segmenter-B/16 with the adapters of a file; returns (network, adapters)."""
    model = segmenter_torch.segmenter_b(CLASSES, side)
    model.requires_grad_(False)
    model.decoder.requires_grad_(True)
    model.encoder.blocks = nn.Sequential(*(AdaptedBlock(block, model.grid) for block in model.encoder.blocks))
    adapters = [point.adapter for block in model.encoder.blocks for point in (block.first, block.second)]
    with torch.no_grad():
        for prefix, adapter in zip(adapter_names(tensors), adapters, strict=True):
            for part in PARTS:
                parameter = getattr(adapter, part)
                parameter.copy_(torch.from_numpy(tensors[f"{prefix}/{part}"].copy()))
                parameter.requires_grad_(True)
    return model, adapters


def write_images(folder, side):
    """Smooth noise whose masks are its bright and its brightest parts."""
    random = np.random.default_rng(5)
    for part, count in (("train", BATCH), ("test", 1)):
        for index in range(count):
            small = random.integers(0, 256, (8, 8), dtype=np.uint8)
            grey = Image.fromarray(small).resize((side, side), Image.BICUBIC)
            mask = np.digitize(np.asarray(grey), [110, 170]).astype(np.uint8)
            for kind, picture in (("images", grey.convert("RGB")), ("masks", Image.fromarray(mask))):
                path = folder / part / kind / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                picture.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dka", required=True, help="the program to compare")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("-o", "--output", type=pathlib.Path, help="keep the files in this folder")
    options = parser.parse_args()
    torch.set_num_threads(2)
    is_within = True

    def report(what, value, bound):
        nonlocal is_within
        is_within &= bool(value <= bound)
        print(f"segmenter_b: {what} {value:.1e}, bound {bound:.0e}{'' if value <= bound else ', BEYOND'}", flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = options.output or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        model, injected, side = folder / "segmenter.onnx", folder / "injected.onnx", options.side
        plain = segmenter_torch.segmenter_b(CLASSES, side)
        exporting.export(plain, str(model), [3, side, side], "torchscript", 17, True)
        report("export, difference", exporting.relative_difference(plain, str(model), [3, side, side], 1), 1e-4)
        run(options.dka, "inject", model, "--dim", BOTTLENECK, "-o", injected)

        lively = onnx.load(str(injected))
        random = np.random.default_rng(11)
        draw_adapters(lively, random)
        tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in lively.graph.initializer}
        to_double(lively)
        onnx.save(lively, str(folder / "double.onnx"))
        image = random.standard_normal((1, 3, side, side))
        torch_model, adapters = network(side, tensors)
        torch_model.double()(torch.from_numpy(image)).sum().backward()
        names = [f"{prefix}/{part}" for prefix in adapter_names(tensors) for part in PARTS]
        exact = {f"{prefix}/{part}": getattr(adapter, part).grad.numpy()
                 for prefix, adapter in zip(adapter_names(tensors), adapters, strict=True) for part in PARTS}
        np.save(folder / "image.npy", image)
        run(options.dka, "gradients", folder / "double.onnx", "--input", folder / "image.npy", "--wrt", ",".join(names),
            "--npy", "--output-dir", folder / "gradients")
        worst = 0.0
        for name in names:
            found = np.load(folder / "gradients" / (name.replace("/", "_") + ".npy"))
            largest = abs(exact[name]).max()
            worst = max(worst, float(abs(found - exact[name]).max() / largest)) if largest > 0 else max(worst, float(abs(found).max()))
        report(f"gradients of {len(names)} tensors in float64, largest difference", worst, 1e-4)

        data, trained = folder / "images", folder / "run"
        write_images(data, side)
        run(options.dka, "train", model, "--data", data, "--task", "segmentation", "--epochs", STEPS, "--batch", BATCH,
            "--augment", "none", "--mean", "0.5", "--std", "0.5", "-o", trained)
        ours = [json.loads(text)["loss"] for text in (trained / "metrics.jsonl").read_text().splitlines()]
        pixels = np.stack([np.asarray(Image.open(data / "train" / "images" / f"{i}.png"), np.float32) for i in range(BATCH)])
        images = torch.from_numpy(((pixels / 255 - 0.5) / 0.5).transpose(0, 3, 1, 2).copy())
        labels = torch.from_numpy(np.stack([np.asarray(Image.open(data / "train" / "masks" / f"{i}.png")) for i in range(BATCH)])).long()
        torch_model, adapters = network(side, initializers(injected))
        adapter, head = [p for a in adapters for p in a.parameters()], list(torch_model.decoder.parameters())
        optimizer = torch.optim.Adam([{"params": adapter, "lr": 1e-3}, {"params": head, "lr": 1e-4}])
        theirs = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = functional.cross_entropy(torch_model(images), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(adapter, 1.0)
            nn.utils.clip_grad_norm_(head, 1.0)
            optimizer.step()
            theirs.append(loss.item())
        differences = [abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True)]
        print(f"segmenter_b: losses {ours[0]:.4f} … {ours[-1]:.4f}, PyTorch {theirs[0]:.4f} … {theirs[-1]:.4f}")
        report("losses of 3 steps, largest difference", max(differences[:3]), 1e-4)
        report(f"losses of {STEPS} steps, largest difference", max(differences), 5e-3)

        np.save(folder / "trained.npy", images.numpy())
        session = onnxruntime.InferenceSession(str(trained / "model.onnx"), providers=["CPUExecutionProvider"])
        scores = session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]
        run(options.dka, "run", trained / "model.onnx", "--input", folder / "trained.npy", "--npy", "--output-dir", folder / "outputs")
        found = np.load(next((folder / "outputs").glob("*.npy")))
        report("what was trained, in ONNX Runtime, difference", float(abs(found - scores).max() / abs(scores).max()), 1e-4)
    sys.exit(0 if is_within else 1)


if __name__ == "__main__":
    main()
