#!/usr/bin/env python3
"""Dual-Kernel Adapters, Linear Probing and Full Fine-Tuning in plain PyTorch: the witness for dka's own numbers.

    y = x + Up( GELU( DWConv_large(Down x) + DWConv_small(Down x) ) )

The backbone is a DeiT-like vision transformer whose weights come from the initializers of an ONNX file as timm's models
are exported (TorchScript or dynamo). All tensors keep the layout that they have in ONNX (a MatMul weight is [in, out]), so that
gradients can be compared element by element.

Run as a script it checks itself: logits against ONNX Runtime, parameter counts against published ones.

    python dka_torch.py deit_tiny.ts17.onnx deit_tiny.dynamo18.onnx
"""

import argparse
import dataclasses
import math

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional

PLACEMENTS = {
    "both": ("attention", "mlp"),
    "both-shared": ("shared", "shared"),
    "block": (None, "block"),
    "before-add": ("attention", "mlp"),
    "parallel": ("attention", "mlp"),
}


@dataclasses.dataclass(frozen=True)
class AdapterOptions:
    """Every option of the adapter. A kernel is an odd size or None; a dilated kernel k with dilation r spans (k-1)·r+1."""

    bottleneck: int = 16
    large: int | None = 51
    small: int | None = 5
    large_dilation: int = 1
    small_dilation: int = 1
    placement: str = "both"
    blocks: tuple[int, ...] | None = None
    inner_gelu: bool = False
    bias: bool = False
    init: str = "default"
    dropout: float = 0.0

    def modules(self, block_count):
        """Names of the separate modules, `dka/<block>/<role>`, in the order of the network."""
        blocks = range(block_count) if self.blocks is None else self.blocks
        roles = [role for role in dict.fromkeys(PLACEMENTS[self.placement]) if role]
        return [f"dka/{block}/{role}" for block in blocks for role in roles]

    def shapes(self, width):
        """Shapes of one module's tensors: down [C,d], kernels [d,1,K,K], up [d,C], and the biases where asked for."""
        d = self.bottleneck
        shapes = {"down": (width, d)}
        if self.bias:
            shapes["down_bias"] = (d,)
        for name, size in (("large", self.large), ("small", self.small)):
            if size is not None:
                if size % 2 == 0:
                    raise ValueError(f"kernel {size} is even; an odd one is needed")
                shapes[name] = (d, 1, size, size)
        if self.large is None and self.small is None:
            raise ValueError("both kernels are none; at least one is needed")
        shapes["up"] = (d, width)
        if self.bias:
            shapes["up_bias"] = (width,)
        return shapes

    def parameter_count(self, width, block_count):
        """Trainable numbers of all modules, head excluded."""
        one = sum(math.prod(shape) for shape in self.shapes(width).values())
        return one * len(self.modules(block_count))


def initial_tensors(options, width, block_count, generator, dtype=torch.float32):
    """Adapter tensors by name, drawn as `options.init` says.

    default: Up zero, Down truncated normal 0.01, kernels normal sqrt(2/(d·K²)); reference: the same with Up truncated
    normal 0.01; torch: what torch.nn.Linear and Conv2d draw (uniform ±1/sqrt(fan in)). Biases are zero except for torch.
    """
    tensors = {}
    for module in options.modules(block_count):
        for name, shape in options.shapes(width).items():
            value = torch.zeros(shape, dtype=dtype)
            if options.init == "torch":
                fan_in = {"down": width, "down_bias": width}.get(name, options.bottleneck)
                bound = 1 / math.sqrt(math.prod(shape[1:]) if len(shape) == 4 else fan_in)
                torch.nn.init.uniform_(value, -bound, bound, generator=generator)
            elif name in ("large", "small"):
                deviation = math.sqrt(2 / (options.bottleneck * shape[2] * shape[3]))
                torch.nn.init.normal_(value, std=deviation, generator=generator)
            elif name == "down" or (name == "up" and options.init == "reference"):
                torch.nn.init.trunc_normal_(value, std=0.01, a=-0.02, b=0.02, generator=generator)
            elif options.init not in ("default", "reference"):
                raise ValueError(f"no init named '{options.init}'; known: default, reference, torch")
            tensors[f"{module}/{name}"] = value
    return tensors


def lively_tensors(options, width, block_count, generator, dtype=torch.float32):
    """Adapter tensors for gradient tests: every path carries a signal of about unit scale and Up is not zero."""
    tensors = {}
    for module in options.modules(block_count):
        for name, shape in options.shapes(width).items():
            if len(shape) == 4:
                deviation = 2 / shape[2]
            else:
                deviation = {"down": 1 / math.sqrt(width), "up": 0.3 / math.sqrt(options.bottleneck)}.get(name, 0.1)
            value = torch.randn(shape, generator=generator, dtype=torch.float64) * deviation
            tensors[f"{module}/{name}"] = value.to(dtype)
    return tensors


def adapter_branch(x, tensors, module, options, grid, prefix, training=False):
    """Up(GELU(sum of the depthwise convolutions of Down x)), without the residual. x is [B, prefix + h·w, C].

    Prefix tokens skip the convolutions; they pass GELU and Up.
    """
    def tensor(name):
        return tensors.get(f"{module}/{name}")

    hidden = x @ tensor("down")
    if options.bias:
        hidden = hidden + tensor("down_bias")
    if options.inner_gelu:
        hidden = functional.gelu(hidden)
    batch, tokens, d = hidden.shape
    field = hidden[:, prefix:].transpose(1, 2).reshape(batch, d, *grid)
    total = None
    for kernel, dilation in ((tensor("large"), options.large_dilation), (tensor("small"), options.small_dilation)):
        if kernel is not None:
            reach = dilation * (kernel.shape[-1] - 1) // 2
            part = functional.conv2d(field, kernel, padding=reach, dilation=dilation, groups=d)
            total = part if total is None else total + part
    mixed = torch.cat([hidden[:, :prefix], total.flatten(2).transpose(1, 2)], dim=1)
    mixed = functional.dropout(functional.gelu(mixed), options.dropout, training)
    result = mixed @ tensor("up")
    return result + tensor("up_bias") if options.bias else result


@dataclasses.dataclass
class Network:
    """A timm-like vision transformer with optional adapters. `tensors` holds everything by name, in ONNX layout."""

    width: int
    block_count: int
    heads: int
    patch: int
    grid: tuple[int, int]
    prefix: int
    epsilon: float
    tensors: dict[str, torch.Tensor]
    file_names: dict[str, str]
    adapter: AdapterOptions | None = None

    def converted(self, dtype):
        """A copy whose tensors have another element type."""
        return dataclasses.replace(self, tensors={name: value.detach().to(dtype) for name, value in self.tensors.items()})

    def with_head(self, weight, bias):
        """A copy with a new linear head: weight [C, n] or [n, C], told apart by shape; the old head is gone."""
        weight = weight if weight.shape[0] == self.width else weight.T
        tensors = {name: value for name, value in self.tensors.items() if not name.startswith("head")}
        return dataclasses.replace(self, tensors=tensors | {"head/weight": weight, "head/bias": bias})

    def with_adapter(self, options, tensors):
        """A copy with adapters of these tensors."""
        return dataclasses.replace(self, tensors=self.tensors | tensors, adapter=options)

    def trainable_names(self, method):
        """Names that `method` trains: "dka" (adapters and head), "linear" (head) or "full" (everything)."""
        if method == "full":
            return list(self.tensors)
        chosen = {"linear": ("head",), "dka": ("dka/", "head")}[method]
        return [name for name in self.tensors if name.startswith(chosen)]

    def require_gradients(self, names):
        """Makes exactly these tensors trainable leaves."""
        for name, value in self.tensors.items():
            self.tensors[name] = value.detach().clone().requires_grad_(name in names)

    def adapted(self, x, block, index, training, keep=True):
        """x after the adapter at one of the two points of a block (0 attention, 1 mlp), or its branch alone."""
        options = self.adapter
        role = PLACEMENTS[options.placement][index]
        if role is None or (options.blocks is not None and block not in options.blocks):
            return x if keep else 0.0
        branch = adapter_branch(x, self.tensors, f"dka/{block}/{role}", options, self.grid, self.prefix, training)
        return x + branch if keep else branch

    def residual(self, x, function, block, index, training):
        """x + function(LN x), with the adapter of this point where the placement puts it."""
        t = self.tensors
        normalised = functional.layer_norm(x, (self.width,), t[f"blocks.{block}.norm{index + 1}.weight"],
                                           t[f"blocks.{block}.norm{index + 1}.bias"], self.epsilon)
        result = function(normalised, block)
        placement = self.adapter.placement if self.adapter else None
        if placement == "before-add":
            return x + self.adapted(result, block, index, training)
        if placement == "parallel":
            return x + result + self.adapted(normalised, block, index, training, keep=False)
        x = x + result
        return self.adapted(x, block, index, training) if placement else x

    def attention(self, x, block):
        """Softmax(q kᵀ / sqrt(d)) v of one block, written out."""
        batch, tokens, width = x.shape
        t = self.tensors
        qkv = x @ t[f"blocks.{block}.attn.qkv.weight"] + t[f"blocks.{block}.attn.qkv.bias"]
        q, k, v = qkv.reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(width // self.heads)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, width)
        return mixed @ t[f"blocks.{block}.attn.proj.weight"] + t[f"blocks.{block}.attn.proj.bias"]

    def mlp(self, x, block):
        """The two linears with exact GELU of one block."""
        t = self.tensors
        hidden = x @ t[f"blocks.{block}.mlp.fc1.weight"] + t[f"blocks.{block}.mlp.fc1.bias"]
        return functional.gelu(hidden) @ t[f"blocks.{block}.mlp.fc2.weight"] + t[f"blocks.{block}.mlp.fc2.bias"]

    def __call__(self, image, training=False):
        """Logits [B, n] of images [B, 3, H, W]."""
        t = self.tensors
        x = functional.conv2d(image, t["patch_embed.proj.weight"], t["patch_embed.proj.bias"], stride=self.patch)
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([t["cls_token"].expand(x.shape[0], -1, -1), x], dim=1) + t["pos_embed"]
        for block in range(self.block_count):
            x = self.residual(x, self.attention, block, 0, training)
            x = self.residual(x, self.mlp, block, 1, training)
        x = functional.layer_norm(x, (self.width,), t["norm.weight"], t["norm.bias"], self.epsilon)[:, 0]
        if "head/weight" in t:
            return x @ t["head/weight"] + t["head/bias"]
        return x @ t["head.weight"].T + t["head.bias"]


def load_network(path):
    """Reads a timm-like ViT with one class token from an ONNX file that uses LayerNormalization (opset 17 or newer).

    Named initializers are taken by name. The exporters rename the transposed MatMul weights, so these are taken in node order:
    qkv, proj, fc1, fc2 of each block.
    """
    model = onnx.load(path)
    initializers = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    file_names = {name: name for name in initializers
                  if name in ("cls_token", "pos_embed") or name.split(".")[0] in ("patch_embed", "blocks", "norm", "head")}
    products = [node.input[1] for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in initializers]
    block_count = 1 + max(int(name.split(".")[1]) for name in file_names if name.startswith("blocks."))
    if len(products) != 4 * block_count:
        raise ValueError(f"{path}: {len(products)} MatMul weights, expected {4 * block_count}")
    for index, name in enumerate(products):
        role = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")[index % 4]
        file_names[f"blocks.{index // 4}.{role}.weight"] = name
    epsilons = {attribute.f for node in model.graph.node if node.op_type == "LayerNormalization"
                for attribute in node.attribute if attribute.name == "epsilon"}
    if len(epsilons) != 1:
        raise ValueError(f"{path}: expected one LayerNormalization epsilon, found {sorted(epsilons)}")
    tensors = {name: torch.from_numpy(initializers[file].copy()) for name, file in file_names.items()}
    width, _, patch, _ = tensors["patch_embed.proj.weight"].shape
    image = [dimension.dim_value for dimension in model.graph.input[0].type.tensor_type.shape.dim[2:]]
    return Network(width=width, block_count=block_count, heads=head_count(model, width), patch=patch,
                   grid=(image[0] // patch, image[1] // patch), prefix=1, epsilon=round(epsilons.pop(), 12),
                   tensors=tensors, file_names=file_names)


def head_count(model, width):
    """Attention heads, from the first constant shape [.., 3, heads, C / heads] that a Reshape or its Concat uses."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            constants |= {node.output[0]: attribute.t for attribute in node.attribute if attribute.name == "value"}
    for node in model.graph.node:
        if node.op_type in ("Concat", "Reshape"):
            pieces = [numpy_helper.to_array(constants[name]).reshape(-1).tolist() for name in node.input
                      if name in constants and constants[name].data_type == onnx.TensorProto.INT64]
            flat = [int(value) for piece in pieces for value in piece]
            if len(flat) >= 3 and flat[-3] == 3 and flat[-2] * flat[-1] == width:
                return flat[-2]
    raise ValueError("no Reshape to [.., 3, heads, width of a head] found")


PUBLISHED_COUNTS = [
    ("both, 51+5, d 16", 1_598_208, {}),
    ("both-shared", 799_104, {"placement": "both-shared"}),
    ("block", 799_104, {"placement": "block"}),
    ("before-add", 1_598_208, {"placement": "before-add"}),
    ("5 only", 599_424, {"large": None}),
    ("51 only", 1_588_608, {"small": None}),
    ("11+5", 645_888, {"large": 11}),
    ("21+5", 768_768, {"large": 21}),
    ("31+5", 968_448, {"large": 31}),
    ("51+3", 1_592_064, {"small": 3}),
    ("51+7", 1_607_424, {"small": 7}),
    ("51+9", 1_619_712, {"small": 9}),
    ("71+5", 2_535_168, {"large": 71}),
    ("d 4", 399_552, {"bottleneck": 4}),
    ("d 8", 799_104, {"bottleneck": 8}),
    ("d 32", 3_196_416, {"bottleneck": 32}),
    ("d 64", 6_392_832, {"bottleneck": 64}),
    ("d 192", 19_178_496, {"bottleneck": 192}),
]


def check_counts():
    """Compares the tensors that would be made for ViT-B (width 768, 12 blocks) with the published counts."""
    for label, expected, changes in PUBLISHED_COUNTS:
        options = AdapterOptions(**changes)
        made = initial_tensors(options, 768, 12, torch.Generator().manual_seed(7))
        found = sum(value.numel() for value in made.values())
        if found != expected or options.parameter_count(768, 12) != expected:
            raise SystemExit(f"{label}: {found} parameters, expected {expected}")
    print(f"parameter counts: {len(PUBLISHED_COUNTS)} of {len(PUBLISHED_COUNTS)} equal")


def check_logits(path):
    """Compares the network with ONNX Runtime, and every placement with Up = 0 with the plain network."""
    import onnxruntime

    network = load_network(path)
    size = [side * network.patch for side in network.grid]
    image = torch.randn([1, 3, *size], generator=torch.Generator().manual_seed(7))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: image.numpy()})[0]
    with torch.no_grad():
        logits = network(image)
        difference = float(np.abs(logits.numpy() - expected).max() / np.abs(expected).max())
        for placement in PLACEMENTS:
            options = AdapterOptions(placement=placement)
            made = initial_tensors(options, network.width, network.block_count, torch.Generator().manual_seed(7))
            if not torch.equal(network.with_adapter(options, made)(image), logits):
                raise SystemExit(f"{path}: placement {placement} with Up = 0 changes the logits")
    count = AdapterOptions().parameter_count(network.width, network.block_count)
    print(f"{path}: width {network.width}, {network.block_count} blocks, {network.heads} heads, relative difference to "
          f"ONNX Runtime {difference:.1e}; {count} adapter parameters; Up = 0 changes no bit in {len(PLACEMENTS)} placements")
    if difference > 2e-5:
        raise SystemExit("logits do not agree")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="ONNX files of a timm-like ViT to compare with ONNX Runtime")
    options = parser.parse_args()
    torch.set_num_threads(2)
    check_counts()
    for path in options.models:
        check_logits(path)


if __name__ == "__main__":
    main()
