#!/usr/bin/env python3
"""Writes a randomly initialised pre-norm vision transformer as ONNX, opset 17, with a dynamic batch.

The graph has the shape that PyTorch's exporter gives timm's models: patch convolution, class token expanded to the
batch, position embedding, blocks of fused q, k, v and of an MLP with GELU as Erf, final norm, class token, Gemm.
Every weight is a function of --seed. Needs the Python packages onnx and numpy only.

    python3 Tools/make-vit.py vit.onnx --image 64 --patch 8 --width 192 --depth 6 --heads 3 --classes 8
"""
import argparse
import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class GraphWriter:
    """Collects nodes and initializers; every method gives the name of the value it made."""

    def __init__(self, seed):
        self.random = np.random.Generator(np.random.PCG64(seed))
        self.nodes = []
        self.initializers = []

    def tensor(self, name, values, element=np.float32):
        self.initializers.append(numpy_helper.from_array(np.asarray(values, dtype=element), name))
        return name

    def integers(self, name, values):
        return self.tensor(name, values, np.int64)

    def normal(self, name, shape, sigma=0.02):
        """A normal distribution cut at two sigmas, the usual start of a vision transformer."""
        return self.tensor(name, np.clip(self.random.standard_normal(shape), -2, 2) * sigma)

    def node(self, operator, inputs, name, **attributes):
        output = f"{name}_output_0"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        return output

    def norm(self, x, width, name, weights):
        scale = self.tensor(f"{weights}.weight", np.ones(width))
        shift = self.tensor(f"{weights}.bias", np.zeros(width))
        return self.node(
            "LayerNormalization", [x, scale, shift], f"{name}/LayerNormalization", axis=-1, epsilon=1e-6)

    def linear(self, x, inputs, outputs, name, weights):
        weight = self.normal(f"{weights}.weight_t", [inputs, outputs], sigma=1 / math.sqrt(inputs))
        bias = self.tensor(f"{weights}.bias", np.zeros(outputs))
        product = self.node("MatMul", [x, weight], f"{name}/MatMul")
        return self.node("Add", [bias, product], f"{name}/Add")


def tokens(graph, options):
    """Image [B,3,S,S] → tokens [B,1+N,C]: the class token, then the patches row by row."""
    patch, width, count = options.patch, options.width, (options.image // options.patch) ** 2
    weight = graph.normal(
        "patch_embed.proj.weight", [width, 3, patch, patch], sigma=1 / math.sqrt(3 * patch * patch))
    bias = graph.tensor("patch_embed.proj.bias", np.zeros(width))
    maps = graph.node(
        "Conv", ["input", weight, bias], "/patch_embed/proj/Conv", dilations=[1, 1], group=1,
        kernel_shape=[patch, patch], pads=[0, 0, 0, 0], strides=[patch, patch])
    zero = graph.integers("first_axis", 0)
    batch = graph.node("Gather", [graph.node("Shape", [maps], "/Shape"), zero], "/Gather_batch", axis=0)
    batch = graph.node("Unsqueeze", [batch, graph.integers("axes_0", [0])], "/Unsqueeze")
    rows = graph.integers("patch_shape", [width, count])
    shape = graph.node("Concat", [batch, rows], "/patch_embed/Concat", axis=0)
    flat = graph.node("Reshape", [maps, shape], "/patch_embed/Reshape")
    patches = graph.node("Transpose", [flat], "/patch_embed/Transpose", perm=[0, 2, 1])
    ones = graph.integers("class_token_shape", [1, 1])
    shape = graph.node("Concat", [batch, ones], "/Concat_shape", axis=0)
    token = graph.node("Expand", [graph.normal("cls_token", [1, 1, width]), shape], "/Expand")
    stream = graph.node("Concat", [token, patches], "/Concat", axis=1)
    return graph.node("Add", [stream, graph.normal("pos_embed", [1, 1 + count, width])], "/Add")


def attention(graph, x, options, index):
    """The attention branch of one block on tokens [B,N,C], from its norm to its last linear layer."""
    width, heads = options.width, options.heads
    path, weights, count = f"/blocks/blocks.{index}", f"blocks.{index}", 1 + (options.image // options.patch) ** 2
    size = width // heads
    y = graph.norm(x, width, f"{path}/norm1", f"{weights}.norm1")
    y = graph.linear(y, width, 3 * width, f"{path}/attn/qkv", f"{weights}.attn.qkv")
    split = graph.integers(f"{weights}.attn.split_shape", [-1, count, 3, heads, size])
    y = graph.node("Reshape", [y, split], f"{path}/attn/Reshape")
    y = graph.node("Transpose", [y], f"{path}/attn/Transpose", perm=[2, 0, 3, 1, 4])
    parts = []
    for part, name in enumerate("qkv"):
        which = graph.integers(f"{weights}.attn.{name}_index", part)
        parts.append(graph.node("Gather", [y, which], f"{path}/attn/Gather_{name}", axis=0))
    query, key, value = parts
    query = graph.node(
        "Mul", [query, graph.tensor(f"{weights}.attn.scale", 1 / math.sqrt(size))], f"{path}/attn/Mul")
    key = graph.node("Transpose", [key], f"{path}/attn/Transpose_1", perm=[0, 1, 3, 2])
    scores = graph.node("MatMul", [query, key], f"{path}/attn/MatMul")
    scores = graph.node("Softmax", [scores], f"{path}/attn/Softmax", axis=-1)
    y = graph.node("MatMul", [scores, value], f"{path}/attn/MatMul_1")
    y = graph.node("Transpose", [y], f"{path}/attn/Transpose_2", perm=[0, 2, 1, 3])
    join = graph.integers(f"{weights}.attn.join_shape", [-1, count, width])
    y = graph.node("Reshape", [y, join], f"{path}/attn/Reshape_1")
    return graph.linear(y, width, width, f"{path}/attn/proj", f"{weights}.attn.proj")


def perceptron(graph, x, options, index):
    """The MLP branch of one block; GELU(x) = x · (1 + erf(x / √2)) / 2 in four nodes, as opset 17 needs."""
    width, hidden = options.width, 4 * options.width
    path, weights = f"/blocks/blocks.{index}", f"blocks.{index}"
    y = graph.norm(x, width, f"{path}/norm2", f"{weights}.norm2")
    y = graph.linear(y, width, hidden, f"{path}/mlp/fc1", f"{weights}.mlp.fc1")
    root = graph.tensor(f"{weights}.mlp.act.root_of_two", math.sqrt(2))
    wave = graph.node("Erf", [graph.node("Div", [y, root], f"{path}/mlp/act/Div")], f"{path}/mlp/act/Erf")
    wave = graph.node("Add", [wave, graph.tensor(f"{weights}.mlp.act.one", 1)], f"{path}/mlp/act/Add")
    y = graph.node("Mul", [y, wave], f"{path}/mlp/act/Mul")
    y = graph.node("Mul", [y, graph.tensor(f"{weights}.mlp.act.half", 0.5)], f"{path}/mlp/act/Mul_1")
    return graph.linear(y, hidden, width, f"{path}/mlp/fc2", f"{weights}.mlp.fc2")


def build(options):
    graph = GraphWriter(options.seed)
    x = tokens(graph, options)
    for index in range(options.depth):
        path = f"/blocks/blocks.{index}"
        x = graph.node("Add", [x, attention(graph, x, options, index)], f"{path}/Add")
        x = graph.node("Add", [x, perceptron(graph, x, options, index)], f"{path}/Add_1")
    x = graph.norm(x, options.width, "/norm", "norm")
    x = graph.node("Gather", [x, graph.integers("class_token_index", 0)], "/Gather", axis=1)
    weight = graph.normal("head.weight", [options.classes, options.width])
    bias = graph.tensor("head.bias", np.zeros(options.classes))
    graph.nodes.append(
        helper.make_node("Gemm", [x, weight, bias], ["logits"], name="/head/Gemm", alpha=1.0, beta=1.0, transB=1))
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, options.image, options.image])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", options.classes])
    body = helper.make_graph(graph.nodes, "vision_transformer", [image], [logits], graph.initializers)
    model = helper.make_model(
        body, producer_name="make-vit", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", help="the ONNX file to write")
    parser.add_argument("--image", type=int, default=64, help="side of the images in pixels")
    parser.add_argument("--patch", type=int, default=8, help="side of a patch in pixels")
    parser.add_argument("--width", type=int, default=192, help="channels of a token")
    parser.add_argument("--depth", type=int, default=6, help="blocks")
    parser.add_argument("--heads", type=int, default=3, help="attention heads")
    parser.add_argument("--classes", type=int, default=8, help="outputs of the head")
    parser.add_argument("--seed", type=int, default=7, help="decides every weight")
    options = parser.parse_args()
    sizes = [options.image, options.patch, options.width, options.depth, options.heads, options.classes]
    if min(sizes) < 1 or options.image % options.patch or options.width % options.heads:
        parser.error("sizes must be positive, --patch must divide --image, and --heads must divide --width")
    onnx.save(build(options), options.output)


if __name__ == "__main__":
    main()
