"""Puts Dual-Kernel Adapters into the ONNX file of a timm-like ViT, in standard operators of the file's opset.

Made without dka, so that its own injection and its gradients have something independent to be compared with. Points are found
through LayerNormalization: the stream after the n-th residual Add is the input of LayerNormalization n + 1. Needs opset 17.
"""

import math

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dka_torch import PLACEMENTS


class Inserter:
    """Collects the nodes of one adapter after another and rewires the graph's consumers."""

    def __init__(self, model, network, options):
        self.model = model
        self.graph = model.graph
        self.network = network
        self.options = options
        self.opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
        self.names = {tensor.name for tensor in self.graph.initializer}
        self.pending = []

    def constant(self, name, values, element=np.int64):
        """An initializer, made once."""
        if name not in self.names:
            self.names.add(name)
            self.graph.initializer.append(numpy_helper.from_array(np.asarray(values, dtype=element), name))
        return name

    def node(self, operator, inputs, name, **attributes):
        """A node with one output of the node's own name."""
        self.pending.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def gelu(self, x, name):
        """Exact GELU: one node from opset 20 on, else its Erf composition."""
        if self.opset >= 20:
            return self.node("Gelu", [x], name)
        scaled = self.node("Div", [x, self.constant("dka/sqrt2", math.sqrt(2), np.float32)], name + "/scaled")
        erf = self.node("Erf", [scaled], name + "/erf")
        shifted = self.node("Add", [erf, self.constant("dka/one", 1, np.float32)], name + "/shifted")
        product = self.node("Mul", [x, shifted], name + "/product")
        return self.node("Mul", [product, self.constant("dka/half", 0.5, np.float32)], name)

    def branch(self, x, weights, place):
        """Nodes of the adapter without its residual; `weights` and `place` are name prefixes of tensors and nodes."""
        options, (height, width) = self.options, self.network.grid
        prefix, d = self.network.prefix, options.bottleneck
        hidden = self.node("MatMul", [x, f"{weights}/down"], f"{place}/hidden")
        if options.bias:
            hidden = self.node("Add", [hidden, f"{weights}/down_bias"], f"{place}/hidden_bias")
        if options.inner_gelu:
            hidden = self.gelu(hidden, f"{place}/inner_gelu")
        axis, begin = self.constant("dka/token_axis", [1]), self.constant("dka/begin", [0])
        split, end = self.constant("dka/prefix", [prefix]), self.constant("dka/end", [np.iinfo(np.int64).max])
        kept = self.node("Slice", [hidden, begin, split, axis], f"{place}/kept")
        tokens = self.node("Slice", [hidden, split, end, axis], f"{place}/tokens")
        channels = self.node("Transpose", [tokens], f"{place}/channels", perm=[0, 2, 1])
        field = self.node("Reshape", [channels, self.constant("dka/map", [0, d, height, width])], f"{place}/map")
        parts = []
        for name, size, dilation in (("large", options.large, options.large_dilation),
                                     ("small", options.small, options.small_dilation)):
            if size is not None:
                reach = dilation * (size - 1) // 2
                parts.append(self.node("Conv", [field, f"{weights}/{name}"], f"{place}/{name}_map", group=d,
                                       kernel_shape=[size, size], pads=[reach] * 4, dilations=[dilation, dilation]))
        total = self.node("Add", parts, f"{place}/sum") if len(parts) == 2 else parts[0]
        flat = self.node("Reshape", [total, self.constant("dka/flat", [0, d, height * width])], f"{place}/flat")
        back = self.node("Transpose", [flat], f"{place}/back", perm=[0, 2, 1])
        mixed = self.node("Concat", [kept, back], f"{place}/mixed", axis=1)
        up = self.node("MatMul", [self.gelu(mixed, f"{place}/gelu"), f"{weights}/up"], f"{place}/raised")
        return self.node("Add", [up, f"{weights}/up_bias"], f"{place}/raised_bias") if options.bias else up

    def flush(self, value):
        """Puts the pending nodes right behind the node that makes `value`."""
        nodes = list(self.graph.node)
        position = 1 + next(index for index, node in enumerate(nodes) if value in node.output)
        del self.graph.node[:]
        self.graph.node.extend([*nodes[:position], *self.pending, *nodes[position:]])
        self.pending = []

    def redirect(self, value, result):
        """Feeds all consumers of `value` from `result`. Pending nodes are not touched."""
        for node in self.graph.node:
            for index, name in enumerate(node.input):
                if name == value:
                    node.input[index] = result

    def insert(self):
        """Inserts the adapter at every point of its placement."""
        options = self.options
        norms = [node for node in self.graph.node if node.op_type == "LayerNormalization"]
        selected = range(self.network.block_count) if options.blocks is None else options.blocks
        for block in selected:
            for index, role in enumerate(PLACEMENTS[options.placement]):
                if role is None:
                    continue
                weights, place = f"dka/{block}/{role}", f"dka/{block}/{('attention', 'mlp')[index]}"
                stream = norms[2 * block + index + 1].input[0]
                if options.placement == "before-add":
                    before = norms[2 * block + index].input[0]
                    add = next(node for node in self.graph.node if stream in node.output)
                    value = next(name for name in add.input if name != before)
                elif options.placement == "parallel":
                    value = norms[2 * block + index].output[0]
                else:
                    value = stream
                branch = self.branch(value, weights, place)
                if options.placement == "parallel":
                    self.flush(value)
                    value = stream
                result = f"{place}/out"
                self.redirect(value, result)
                self.node("Add", [value, branch], result)
                self.flush(value)


def insert_adapters(model, network, options, tensors):
    """Puts adapters with these tensors (name → array) into `model`, in place. The weights' names are the tensors' names."""
    for name, value in tensors.items():
        model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
    Inserter(model, network, options).insert()


def to_double(model):
    """Turns every float32 tensor, cast and value of `model` into float64, in place.

    A constant that is the float32 nearest to the square root of 2 becomes the float64 nearest to it.
    """
    root = math.sqrt(2)

    def double(tensor):
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor).astype(np.float64)
            exact = np.where(values == np.float64(np.float32(root)), root, values)
            tensor.CopyFrom(numpy_helper.from_array(exact, tensor.name))

    for tensor in model.graph.initializer:
        double(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                double(attribute.t)
            elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
    graph = model.graph
    for value in list(graph.input) + list(graph.output) + list(graph.value_info):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
