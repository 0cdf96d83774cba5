#!/usr/bin/env python3
"""Exports a network with seeded random weights as one ONNX file with inline weights; Segmenter-B/16 takes images of 512 pixels and has 3
classes.

    python export_network.py -o vit_b_16.onnx --variant b16 --exporter dynamo --opset 18 --dynamic-batch

Used for benchmarks, where only shapes matter. The result is compared with PyTorch in ONNX Runtime before the script ends.
"""

import argparse
import os
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "goldens"))
import exporting  # noqa: E402
import segmenter_torch  # noqa: E402

VARIANTS = {
    "tiny": {"timm": "vit_tiny_patch16_224"},
    "s16": {"timm": "vit_small_patch16_224"},
    "b16": {"timm": "vit_base_patch16_224", "torchvision": "vit_b_16"},
    "l16": {"timm": "vit_large_patch16_224", "torchvision": "vit_l_16"},
    "swin_t": {"torchvision": "swin_t"},
    "swin_b": {"torchvision": "swin_b"},
    "resnet50": {"torchvision": "resnet50"},
    "mobilenet_v2": {"torchvision": "mobilenet_v2"},
    "segmenter_b": {"segmenter": "segmenter_b"},
}
DEFAULT_OPSET = {"torchscript": 17, "dynamo": 18}


def build(variant, layout, classes, seed):
    """The model of a variant in timm's or torchvision's layout, in evaluation mode, seeded."""
    names = VARIANTS[variant]
    layout = layout or next(iter(names))
    if layout not in names:
        raise SystemExit(f"variant '{variant}' has no {layout} layout; it has: {', '.join(sorted(names))}")
    if layout == "segmenter":
        return segmenter_torch.segmenter_b()
    if layout == "timm":
        import timm
        model = timm.create_model(names[layout], pretrained=False, num_classes=classes)
    else:
        import torchvision
        model = torchvision.models.get_model(names[layout], weights=None, num_classes=classes)
    return exporting.seed_parameters(model, seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True, help="the ONNX file to write")
    parser.add_argument("--variant", choices=sorted(VARIANTS), default="b16")
    parser.add_argument("--layout", choices=["timm", "torchvision"], help="whose model code is exported; timm's where it has one")
    parser.add_argument("--exporter", choices=["dynamo", "torchscript"], default="dynamo")
    parser.add_argument("--opset", type=int, help="default: 18 for dynamo, 17 for torchscript")
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--dynamic-batch", action="store_true", help="leave the batch dimension open")
    options = parser.parse_args()

    torch.set_num_threads(2)
    model = build(options.variant, options.layout, options.classes, options.seed)
    opset = options.opset or DEFAULT_OPSET[options.exporter]
    shape = [3, 512, 512] if options.variant == "segmenter_b" else [3, 224, 224]
    exporting.export(model, options.output, shape, options.exporter, opset, options.dynamic_batch, seed=options.seed)
    batch = 2 if options.dynamic_batch else 1
    difference = exporting.relative_difference(model, options.output, shape, batch)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{options.output}: {os.path.getsize(options.output)} bytes, {parameters} parameters, opset {opset}, "
          f"relative difference to PyTorch {difference:.1e}")
    if difference > 1e-4:
        raise SystemExit("the export does not agree with PyTorch")


if __name__ == "__main__":
    main()
