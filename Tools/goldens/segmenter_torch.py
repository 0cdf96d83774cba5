"""Segmenter (Strudel et al. 2021) in PyTorch, seeded: fixtures, and the witness for dka's numbers on it.

    python segmenter_torch.py -o ../../Tests/Fixtures/segmenter          tiny files of both decoders in both exporters' forms

`DIR/index.json` says of each file what a recogniser must find, and holds the scores of the image x[i] = sin(0.37 i), in float64 by
PyTorch (as sums per class over the pixels, and the first row of every class).
"""

import argparse
import copy
import json
import os
import tempfile

import onnx
import onnxslim
import timm
import torch
from timm.models.vision_transformer import Block, VisionTransformer
from torch import nn
from torch.nn import functional

import exporting

CLASSES = 4
EXPORTS = [
    ("mask", "torchscript", 11, False, False), ("mask", "torchscript", 17, True, False), ("mask", "dynamo", 18, True, True),
    ("mask", "dynamo", 20, False, True), ("linear", "torchscript", 17, True, True), ("linear", "dynamo", 18, False, False),
]
SHORT = {"torchscript": "ts", "dynamo": "dy"}


class LinearDecoder(nn.Module):
    """One linear layer on every patch."""

    def __init__(self, width, classes):
        super().__init__()
        self.head = nn.Linear(width, classes)

    def forward(self, x, grid):
        return self.head(x).transpose(1, 2).reshape(x.shape[0], -1, *grid)


class MaskTransformer(nn.Module):
    """Class tokens behind the patches, two blocks, and the product of both at unit length."""

    def __init__(self, width, classes, heads, layers=2):
        super().__init__()
        self.classes = classes
        self.proj_dec = nn.Linear(width, width)
        self.class_token = nn.Parameter(torch.zeros(1, classes, width))
        self.blocks = nn.ModuleList(Block(width, heads, 4, qkv_bias=True) for _ in range(layers))
        self.decoder_norm = nn.LayerNorm(width)
        self.proj_patch = nn.Parameter(torch.zeros(width, width))
        self.proj_classes = nn.Parameter(torch.zeros(width, width))
        self.mask_norm = nn.LayerNorm(classes)

    def forward(self, x, grid):
        x = self.proj_dec(x)
        x = torch.cat([x, self.class_token.expand(x.shape[0], -1, -1)], dim=1)
        for block in self.blocks:
            x = block(x)
        x = self.decoder_norm(x)
        patches = x[:, :-self.classes] @ self.proj_patch
        classes = x[:, -self.classes:] @ self.proj_classes
        patches = patches / patches.norm(dim=-1, keepdim=True)
        classes = classes / classes.norm(dim=-1, keepdim=True)
        masks = self.mask_norm(patches @ classes.transpose(1, 2))
        return masks.transpose(1, 2).reshape(x.shape[0], -1, *grid)


class Segmenter(nn.Module):
    """A vision transformer and a decoder; scores are resized to the image."""

    def __init__(self, decoder, image, patch, width, depth, heads, classes, mlp_ratio=4):
        super().__init__()
        self.encoder = VisionTransformer(
            img_size=image, patch_size=patch, embed_dim=width, depth=depth, num_heads=heads, mlp_ratio=mlp_ratio,
            num_classes=0, global_pool="")
        self.decoder = LinearDecoder(width, classes) if decoder == "linear" else MaskTransformer(width, classes, max(width // 64, 1))
        self.grid = (image[0] // patch, image[1] // patch)
        self.image = image

    def forward(self, x):
        tokens = self.encoder.forward_features(x)[:, self.encoder.num_prefix_tokens:]
        return functional.interpolate(self.decoder(tokens, self.grid), size=self.image, mode="bilinear", align_corners=False)


def segmenter_b(classes=3, image=512, decoder="mask"):
    """Segmenter-B/16, as it is benchmarked."""
    return exporting.seed_parameters(Segmenter(decoder, (image, image), 16, 768, 12, 12, classes), 7)


def probe(model, image, batch):
    """Sums and first rows of the scores of x[i] = sin(0.37 i)."""
    count = batch * 3 * image[0] * image[1]
    x = torch.sin(0.37 * torch.arange(count, dtype=torch.float64)).float().reshape(batch, 3, *image)
    with torch.no_grad():
        scores = copy.deepcopy(model).double()(x.double())
    return {"sums": scores.sum((2, 3)).flatten().tolist(), "rows": scores[:, :, 0].flatten().tolist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    output = parser.parse_args().output
    os.makedirs(output, exist_ok=True)
    entries = []
    for decoder, exporter, opset, is_dynamic, is_slim in EXPORTS:
        image = (32, 48) if decoder == "linear" else (32, 32)
        timm.layers.set_fused_attn(opset >= 14)
        model = exporting.seed_parameters(Segmenter(decoder, image, 8, 24, 2, 2, CLASSES, mlp_ratio=2), 7)
        name = f"segmenter_{decoder}.{SHORT[exporter]}{opset}.{'dynamic' if is_dynamic else 'fixed'}{'.slim' if is_slim else ''}"
        target = os.path.join(output, name + ".onnx")
        with tempfile.TemporaryDirectory() as scratch:
            raw = os.path.join(scratch, "raw.onnx")
            exporting.export(model, raw, [3, *image], exporter, opset, is_dynamic)
            network = onnxslim.slim(raw) if is_slim else onnx.load(raw)
            for item in [*network.graph.node, *network.graph.value_info]:
                del item.metadata_props[:]
            onnx.save(network, target)
        batch = 2 if is_dynamic else 1
        difference = exporting.relative_difference(model, target, [3, *image], batch)
        if not difference < 1e-4:
            raise SystemExit(f"{name}: differs from PyTorch by {difference:.1e}")
        entries.append({
            "file": name + ".onnx", "decoder": decoder, "dynamic": is_dynamic, "image": list(image), "grid": [s // 8 for s in image],
            "width": 24, "blocks": 2, "classes": CLASSES,
            "decoder_parameters": sum(p.numel() for p in model.decoder.parameters()), "probe": probe(model, image, batch)})
    with open(os.path.join(output, "index.json"), "w", encoding="utf-8") as file:
        json.dump({"files": entries}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
