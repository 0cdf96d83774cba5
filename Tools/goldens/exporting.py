"""Seeded weights and ONNX exports of PyTorch models, shared by the scripts of Tools/goldens and Tools/peers.

Weights are never downloaded: every parameter is drawn from a seeded generator, so that a script makes the
same file each time it runs with the same versions (Tools/requirements-peers.txt).
"""

import logging
import math
import re
import warnings

import numpy as np
import onnx
import torch

INPUT_NAME = "input"
OUTPUT_NAME = "logits"


class Logits(torch.nn.Module):
    """A Hugging Face classifier whose output is the logits alone."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values).logits


def adapter_parameters(channels, bottleneck=16, large=51, small=5):
    """Parameters of one Dual-Kernel Adapter without bias: 2·C·d + d·(K1² + K2²)."""
    return 2 * channels * bottleneck + bottleneck * (large * large + small * small)


def seed_parameters(model, seed):
    """Fills every parameter and statistic of `model` with seeded values that keep activations near unit scale.

    Matrices and kernels: normal, deviation 1/sqrt(fan in). Norm and layer scales: around 1 and 0.5. Biases, tokens,
    position tables: small. Nothing is zero, so that no path of the graph is idle.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(shape, deviation):
        return torch.randn(shape, generator=generator, dtype=torch.float32) * deviation

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            leaf = name.rsplit(".", 1)[-1]
            shape = parameter.shape
            if leaf in ("gamma", "lambda1"):
                value = 0.5 + normal(shape, 0.05)
            elif any(word in name for word in ("token", "pos_embed", "position_embedding", "pos_embedding",
                                               "bias_table")):
                value = normal(shape, 0.1)
            elif parameter.ndim >= 2:
                value = normal(shape, 1.0 / math.sqrt(max(1, parameter[0].numel())))
            elif leaf.endswith("bias"):
                value = normal(shape, 0.02)
            else:
                value = 1.0 + normal(shape, 0.05)
            parameter.copy_(value)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(normal(buffer.shape, 0.1))
            elif name.endswith("running_var"):
                buffer.copy_(1.0 + normal(buffer.shape, 0.1).abs())
    return model.eval()


def example_input(shape, seed=7):
    """A seeded normal float32 tensor, the image batch that an export is traced and checked with."""
    generator = torch.Generator().manual_seed(seed + 1000)
    return torch.randn(shape, generator=generator, dtype=torch.float32)


def export(model, path, image_shape, exporter, opset, dynamic_batch, output_name=OUTPUT_NAME, seed=7):
    """Writes `model` to `path` as one file with inline weights and without this machine's paths.

    `image_shape` is [3, H, W]; `exporter` is "torchscript" or "dynamo". A dynamic export is traced with two images, since
    torch.export treats a dimension of 1 as fixed.
    """
    image = example_input([2 if dynamic_batch else 1, *image_shape], seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        if exporter == "torchscript":
            names = {INPUT_NAME: {0: "batch"}, output_name: {0: "batch"}} if dynamic_batch else None
            torch.onnx.export(model, (image,), path, dynamo=False, opset_version=opset, input_names=[INPUT_NAME],
                              output_names=[output_name], dynamic_axes=names)
        elif exporter == "dynamo":
            shapes = ({0: torch.export.Dim("batch")},) if dynamic_batch else None
            torch.onnx.export(model, (image,), path, dynamo=True, opset_version=opset, input_names=[INPUT_NAME],
                              output_names=[output_name], dynamic_shapes=shapes, external_data=False, verbose=False)
        else:
            raise ValueError(f"unknown exporter '{exporter}'; known: dynamo, torchscript")
    remove_local_paths(path)


def remove_local_paths(path):
    """Cuts directory names of this machine out of the stack traces that the dynamo exporter stores in node metadata."""
    model = onnx.load(path)
    package = re.compile(r'File "[^"]*/site-packages/')
    home = re.compile(r'File "/[^"]*/')

    def clean(graph):
        for item in list(graph.node) + list(graph.value_info):
            for entry in item.metadata_props:
                entry.value = home.sub('File "', package.sub('File "site-packages/', entry.value))

    clean(model.graph)
    for function in model.functions:
        clean(function)
    onnx.save(model, path)


def relative_difference(model, path, image_shape, batch, seed=7):
    """Largest difference between PyTorch and ONNX Runtime on seeded images, over the largest output value."""
    import onnxruntime

    image = example_input([batch, *image_shape], seed)
    with torch.no_grad():
        expected = model(image).double().numpy()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: image.numpy()})[0]
    return float(np.abs(found - expected).max() / np.abs(expected).max())
