#!/usr/bin/env python3
"""Exports tiny Hugging Face networks as Optimum does: batch, channels, height and width of the images are names.

    python open_extents.py -o ../../Tests/Fixtures/open

TorchScript's exporter writes the arithmetic on shapes of such a file as nodes: of a Swin transformer also padding, windows
and shift masks, so that nothing can be recognised before height and width are bound. `DIR/index.json` lists per file

    file, family, opset, side (that it was exported at), modules (of Dual-Kernel Adapters, two per block)
    logits    by side in pixels: logits in float64 by PyTorch of the image x[i] = sin(0.37 i), i over the flattened
              [1,3,side,side]; the file computes at these sides
    refused   sides at which it does not: the exporter left padding out that was idle at its own side
"""

import argparse
import copy
import json
import os
import warnings

import numpy as np
import onnx
import onnxruntime
import onnxslim
import torch
import transformers

import exporting

SIDE = 32


def swin():
    settings = transformers.SwinConfig(
        image_size=SIDE, patch_size=2, embed_dim=8, depths=[2, 1], num_heads=[1, 2], window_size=4, mlp_ratio=2, num_labels=5,
        attn_implementation="sdpa")
    return exporting.Logits(transformers.SwinForImageClassification(settings)), 6, [32, 48], [40]


def vit():
    settings = transformers.ViTConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE, patch_size=8, num_labels=5,
        intermediate_size=48, attn_implementation="sdpa")
    return exporting.Logits(transformers.ViTForImageClassification(settings)), 4, [32], [48]


def probe(side):
    values = np.sin(0.37 * np.arange(3 * side * side, dtype=np.float64)).astype(np.float32)
    return torch.from_numpy(values.reshape(1, 3, side, side))


def export(model, path):
    """Writes a network with all axes of its images open, without nodes that fold."""
    axes = {0: "batch_size", 1: "num_channels", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (exporting.example_input([2, 3, SIDE, SIDE]),), path, dynamo=False, opset_version=18,
            input_names=["pixel_values"], output_names=["logits"],
            dynamic_axes={"pixel_values": axes, "logits": {0: "batch_size"}})
    onnx.save(onnxslim.slim(path), path)


def runs(path, side):
    """What ONNX Runtime computes at a side, or None where it cannot."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options)
    try:
        return session.run(None, {"pixel_values": probe(side).numpy()})[0]
    except Exception:  # its exceptions share no type that is public
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    output = parser.parse_args().output
    transformers.logging.set_verbosity_error()
    os.makedirs(output, exist_ok=True)
    entries = []
    for family, make in [("swin", swin), ("vit", vit)]:
        model, modules, sides, refused = make()
        exporting.seed_parameters(model, 7)
        name = f"hf_{family}.ts18.onnx"
        path = os.path.join(output, name)
        export(model, path)
        logits = {}
        for side in sides:
            with torch.no_grad():
                expected = copy.deepcopy(model).double()(probe(side).double())[0]
            found = runs(path, side)
            if found is None or not np.allclose(found[0], expected, atol=1e-5):
                raise SystemExit(f"{name}: differs from PyTorch at {side} pixels")
            logits[str(side)] = [round(value, 9) for value in expected.tolist()]
        for side in refused:
            if runs(path, side) is not None:
                raise SystemExit(f"{name}: computes at {side} pixels too")
        entries.append({"file": name, "family": family, "opset": 18, "side": SIDE, "modules": modules, "logits": logits,
                        "refused": refused})
        print(f"{name}: {os.path.getsize(path)} bytes")
    with open(os.path.join(output, "index.json"), "w", encoding="utf-8") as file:
        json.dump({"files": entries}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
