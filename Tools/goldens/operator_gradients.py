#!/usr/bin/env python3
"""Golden results and gradients of single operators, computed by PyTorch in float64.

    python operator_gradients.py -o Tests/Fixtures/operators/gradients.json

The file is a list of cases: `name`; `model` in ONNX's text form, whose only output is weighted element by element by an initializer,
so that no gradient is the same everywhere; `inputs` and `gradients` by name, `output`, each with `shape` and `values`. What is
written as text is the operator; what PyTorch computes is its definition in PyTorch's own operators. Where ONNX Runtime computes the
model in float32, its result must be PyTorch's.
"""

import argparse
import json

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import torch
from torch.nn import functional

CASES = []


def single(number):
    """A number as a float attribute holds it."""
    return float(np.float32(number))


def case(name, node, inputs, compute, opset=24, away=(), draw=None, extra="", outputs=1):
    """Adds a case: `node` is the text that makes y, `inputs` are shapes by name, `compute` makes y of their tensors."""
    CASES.append(dict(name=name, node=node, inputs=inputs, compute=compute, opset=opset, away=away, draw=draw or {}, extra=extra,
                      outputs=outputs))


def unit(operator, compute, attributes="", opset=24, away=(), name=None):
    case(name or operator, f"y = {operator} {attributes} (x)", {"x": [3, 7]}, compute, opset, away)


unit("HardSwish", functional.hardswish, away=(-3, 3))
unit("HardSigmoid", lambda x: torch.clamp(single(0.2) * x + 0.5, 0, 1), away=(-2.5, 2.5))
unit("HardSigmoid", lambda x: torch.clamp(single(0.3) * x + single(0.4), 0, 1), "<alpha = 0.3, beta = 0.4>", away=(-4 / 3, 2),
     name="HardSigmoid, other slope")
unit("LeakyRelu", lambda x: functional.leaky_relu(x, single(0.01)), away=(0,))
unit("Elu", lambda x: functional.elu(x, single(1.5)), "<alpha = 1.5>", away=(0,))
unit("Celu", lambda x: functional.celu(x, single(0.75)), "<alpha = 0.75>", away=(0,))
unit("Selu", lambda x: single(1.05070102214813232421875) * functional.elu(x, single(1.67326319217681884765625)), away=(0,))
unit("Mish", functional.mish)
unit("Softplus", functional.softplus)
unit("Softsign", functional.softsign)
unit("Swish", lambda x: x * torch.sigmoid(single(1.5) * x), "<alpha = 1.5>")
unit("ThresholdedRelu", lambda x: functional.threshold(x, 0.5, 0), "<alpha = 0.5>", away=(0.5,))
unit("Tan", torch.tan)
case("PRelu", "y = PRelu (x, s)", {"x": [2, 3, 4], "s": [3, 1]}, lambda x, s: torch.where(x < 0, s * x, x), away=(0,))
case("Sum", "y = Sum (a, b, c)", {"a": [2, 3], "b": [3], "c": [2, 1]}, lambda a, b, c: a + b + c)
case("Mean", "y = Mean (a, b, c)", {"a": [2, 3], "b": [3], "c": [2, 1]}, lambda a, b, c: (a + b + c) / 3)

for keep in (0, 1):
    case(f"ReduceL1, keepdims {keep}", f"y = ReduceL1 <keepdims = {keep}> (x, axes)", {"x": [2, 3, 4]},
         lambda x, keep=keep: x.abs().sum((0, 2), keepdim=bool(keep)), away=(0,), extra="int64[2] axes = {0, 2}")
    case(f"ReduceLogSumExp, keepdims {keep}", f"y = ReduceLogSumExp <axes = [1], keepdims = {keep}> (x)", {"x": [2, 3, 4]},
         lambda x, keep=keep: torch.logsumexp(x, 1, keepdim=bool(keep)), opset=13)
case("ReduceLogSum", "y = ReduceLogSum <axes = [-1]> (x)", {"x": [2, 3, 4]}, lambda x: x.sum(-1, keepdim=True).log(), opset=13,
     draw={"x": lambda r, s: r.uniform(0.5, 2, s)})
case("ReduceLogSumExp, all", "y = ReduceLogSumExp (x)", {"x": [2, 3]}, lambda x: torch.logsumexp(x, (0, 1), keepdim=True))
case("ReduceProd", "y = ReduceProd <keepdims = 0> (x, axes)", {"x": [3, 4]}, lambda x: x.prod(1), extra="int64[1] axes = {1}")
case("ReduceProd of zeros", "y = ReduceProd <keepdims = 0> (x, axes)", {"x": [3, 4]}, lambda x: x.prod(1),
     extra="int64[1] axes = {1}", draw={"x": lambda r, s: r.standard_normal(s) * [[1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1]]})
case("GlobalMaxPool", "y = GlobalMaxPool (x)", {"x": [2, 3, 4, 5]}, lambda x: x.amax((2, 3), keepdim=True))


def depth_to_space(x, side):
    b, c, h, w = x.shape
    return x.reshape(b, side, side, c // side ** 2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(b, -1, h * side, w * side)


case("DepthToSpace, depth first", "y = DepthToSpace <blocksize = 2> (x)", {"x": [2, 8, 2, 3]}, lambda x: depth_to_space(x, 2))
case("DepthToSpace, columns first", "y = DepthToSpace <blocksize = 2, mode = \"CRD\"> (x)", {"x": [2, 8, 2, 3]},
     lambda x: functional.pixel_shuffle(x, 2))
case("SpaceToDepth", "y = SpaceToDepth <blocksize = 2> (x)", {"x": [2, 3, 4, 6]},
     lambda x: functional.pixel_unshuffle(x, 2).reshape(2, 3, 4, 2, 3).transpose(1, 2).reshape(2, 12, 2, 3))
case("SpaceToDepth, columns first", "y = SpaceToDepth <blocksize = 2, mode = \"CRD\"> (x)", {"x": [2, 3, 4, 6]},
     lambda x: functional.pixel_unshuffle(x, 2), opset=28)
case("Trilu", "y = Trilu <upper = 0> (x, k)", {"x": [2, 3, 4]}, lambda x: torch.tril(x, 1), extra="int64 k = {1}")
case("CumSum", "y = CumSum (x, axis)", {"x": [2, 5]}, lambda x: x.cumsum(1), extra="int64 axis = {1}")
case("CumSum, exclusive and reverse", "y = CumSum <exclusive = 1, reverse = 1> (x, axis)", {"x": [4, 3]},
     lambda x: x.flip(0).cumsum(0).flip(0) - x, extra="int64 axis = {0}")
case("TopK", "y, i = TopK <axis = 0> (x, k)", {"x": [5, 3]}, lambda x: x.topk(2, 0).values, extra="int64[1] k = {2}")
case("TopK, smallest", "y, i = TopK <largest = 0> (x, k)", {"x": [3, 5]}, lambda x: x.topk(3, 1, largest=False).values,
     extra="int64[1] k = {3}")

scaled = {"x": [2, 4, 3, 2], "s": [4], "b": [4]}
case("InstanceNormalization", "y = InstanceNormalization <epsilon = 0.001> (x, s, b)", scaled,
     lambda x, s, b: functional.instance_norm(x, weight=s, bias=b, eps=single(0.001)))
case("InstanceNormalization below 18", "y = InstanceNormalization (x, s, b)", scaled,
     lambda x, s, b: functional.instance_norm(x, weight=s, bias=b, eps=single(1e-5)), opset=11)
case("GroupNormalization", "y = GroupNormalization <num_groups = 2> (x, s, b)", scaled,
     lambda x, s, b: functional.group_norm(x, 2, s, b, single(1e-5)))
case("GroupNormalization, a number per group", "y = GroupNormalization <num_groups = 2> (x, s, b)",
     {"x": [2, 4, 3, 2], "s": [2], "b": [2]},
     lambda x, s, b: functional.group_norm(x, 2, s.repeat_interleave(2), b.repeat_interleave(2), single(1e-5)), opset=18)
case("BatchNormalization of a batch", "y, m, v = BatchNormalization <training_mode = 1> (x, s, b, a, c)",
     {"x": [3, 2, 2, 2], "s": [2], "b": [2], "a": [2], "c": [2]},
     lambda x, s, b, a, c: functional.batch_norm(x, None, None, s, b, True, 0.1, single(1e-5)))
case("BatchNormalization, the moved variance", "z, m, y = BatchNormalization <training_mode = 1, momentum = 0.75> (x, s, b, a, c)",
     {"x": [3, 2, 2, 2], "s": [2], "b": [2], "a": [2], "c": [2]},
     lambda x, s, b, a, c: 0.75 * c + 0.25 * x.var((0, 2, 3), correction=0))
case("RMSNormalization", "y = RMSNormalization <axis = 1> (x, s)", {"x": [2, 3, 4], "s": [3, 4]},
     lambda x, s: functional.rms_norm(x, [3, 4], s, single(1e-5)))
case("MeanVarianceNormalization", "y = MeanVarianceNormalization (x)", {"x": [2, 3, 2, 2]},
     lambda x: (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), correction=0, keepdim=True).sqrt() + single(1e-9)))
case("LpNormalization", "y = LpNormalization <axis = 1> (x)", {"x": [2, 5]}, lambda x: functional.normalize(x, 2, 1))
case("LpNormalization of magnitudes", "y = LpNormalization <axis = 0, p = 1> (x)", {"x": [4, 3]},
     lambda x: functional.normalize(x, 1, 0), away=(0,))
case("LRN", "y = LRN <size = 3, alpha = 0.5, beta = 0.75, bias = 2.0> (x)", {"x": [2, 5, 2, 3]},
     lambda x: functional.local_response_norm(x, 3, 0.5, 0.75, 2))
case("LRN, uneven", "y = LRN <size = 4, alpha = 0.5> (x)", {"x": [1, 6, 3]},
     lambda x: x / (1 + 0.5 / 4 * functional.pad(x ** 2, (0, 0, 1, 2)).unfold(1, 4, 1).sum(-1)) ** 0.75)


def transposed(name, attributes, x, w, torch_options, pads=(), bias=True):
    """A transposed convolution; `pads` are as `convolved` has them, where they are not PyTorch's `padding`."""
    function = getattr(functional, f"conv_transpose{len(x) - 2}d")
    inputs = {"x": x, "w": w}
    if bias:
        inputs["b"] = [w[1] * torch_options.get("groups", 1)]
    case(f"ConvTranspose, {name}", f"y = ConvTranspose <{attributes}> (x, w{', b' if bias else ''})", inputs,
         lambda x, w, b=None: functional.pad(function(x, w, b, **torch_options), [-count for count in pads]))


transposed("twice as large", "strides = [2, 2]", [2, 3, 3, 4], [3, 2, 2, 2], dict(stride=2))
transposed("padded, more at the end", "strides = [2, 3], pads = [1, 2, 1, 2], output_padding = [1, 1]", [1, 2, 3, 3], [2, 3, 3, 4],
           dict(stride=(2, 3), padding=(1, 2), output_padding=(1, 1)))
transposed("dilated groups", "dilations = [2, 1], group = 2", [1, 4, 3, 3], [4, 2, 2, 3], dict(dilation=(2, 1), groups=2), bias=False)
transposed("one axis", "strides = [3], pads = [1, 1]", [2, 2, 4], [2, 3, 4], dict(stride=3, padding=1))

for mode, padding in (("linear", "zeros"), ("linear", "border"), ("linear", "reflection"), ("cubic", "zeros"), ("nearest", "zeros")):
    for corners in (0, 1):
        case(f"GridSample, {mode}, {padding}, {corners}",
             f'y = GridSample <mode = "{mode}", padding_mode = "{padding}", align_corners = {corners}> (x, g)',
             {"x": [2, 2, 4, 3], "g": [2, 2, 3, 2]},
             lambda x, g, mode=mode, padding=padding, corners=corners: functional.grid_sample(
                 x, g, {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode), padding, bool(corners)),
             draw={"g": lambda r, s: r.uniform(-1.4, 1.4, s)}, opset=20)
case("GridSample, maps of three axes", "y = GridSample (x, g)", {"x": [1, 2, 3, 4, 2], "g": [1, 2, 2, 1, 3]},
     lambda x, g: functional.grid_sample(x, g, align_corners=False), draw={"g": lambda r, s: r.uniform(-1.2, 1.2, s)}, opset=20)


def regions(x, aligned, ratio):
    from torchvision.ops import roi_align

    boxes = torch.tensor([[1, 1.0, 0.5, 6, 5], [0, 2.0, 2, 4.5, 9], [0, -4, -4, 20, 3]], dtype=torch.float64)
    return roi_align(x, boxes, (2, 3), 0.75, ratio, aligned)


for aligned, mode in ((True, "half_pixel"), (False, "output_half_pixel")):
    for ratio in (0, 2):
        case(f"RoiAlign, {mode}, {ratio} samples",
             f'y = RoiAlign <output_height = 2, output_width = 3, spatial_scale = 0.75, sampling_ratio = {ratio}, '
             f'coordinate_transformation_mode = "{mode}"> (x, r, i)',
             {"x": [2, 2, 5, 6]}, lambda x, aligned=aligned, ratio=ratio: regions(x, aligned, ratio), opset=16,
             extra="double[3,4] r = {1.0, 0.5, 6.0, 5.0, 2.0, 2.0, 4.5, 9.0, -4.0, -4.0, 20.0, 3.0}, int64[3] i = {1, 0, 0}")


def cropped(x):
    """Rows and columns of a region as two linear maps, outside 0.5."""
    def weights(start, end, source, target):
        places = start * (source - 1) + torch.arange(target, dtype=torch.float64) * (end - start) * (source - 1) / (target - 1)
        inside = (places >= 0) & (places <= source - 1)
        near = (1 - (places[:, None] - torch.arange(source)[None]).abs()).clamp(min=0) * inside[:, None]
        return near.double(), inside

    (rows, down), (columns, across) = weights(0.25, 1.25, 4, 5), weights(-0.25, 0.75, 5, 4)
    mixed = torch.einsum("ih,jw,bchw->bcij", rows, columns, x)
    return torch.where(down[:, None] & across[None], mixed, 0.5)


case("Resize of a region", 'y = Resize <mode = "linear", coordinate_transformation_mode = "tf_crop_and_resize", '
     'extrapolation_value = 0.5> (x, roi, "", sizes)', {"x": [1, 2, 4, 5]}, cropped,
     extra="double[8] roi = {0.0, 0.0, 0.25, -0.25, 1.0, 1.0, 1.25, 0.75}, int64[4] sizes = {1, 2, 5, 4}", opset=18)
case("Upsample", "y = Upsample (x, scales)", {"x": [1, 2, 2, 3]}, lambda x: functional.interpolate(x, scale_factor=2), opset=9,
     extra="float[4] scales = {1.0, 1.0, 2.0, 2.0}")


def attention(q, k, v, mask=None, past=None, cap=0.0, window=(-1, -1), causal=False, lengths=None, scores=False):
    offset = 0
    if past is not None:
        offset = past[0].shape[2]
        k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
    repeats = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)
    products = q @ k.transpose(2, 3) / q.shape[3] ** 0.5
    if cap:
        products = cap * torch.tanh(products / cap)
    places = torch.arange(q.shape[2])[:, None] + offset
    keys = torch.arange(k.shape[2])[None]
    if lengths is not None:
        places = places[None, None] + (lengths - q.shape[2])[:, None, None, None]
        keys = keys[None, None]
    allowed = torch.ones(1, dtype=torch.bool)
    if causal:
        allowed = allowed & (keys <= places)
    if window[0] >= 0:
        allowed = allowed & (keys >= places - window[0])
    if window[1] >= 0:
        allowed = allowed & (keys <= places + window[1])
    if lengths is not None:
        allowed = allowed & (keys < lengths[:, None, None, None])
    biased = products if mask is None else products + mask
    biased = torch.where(allowed, biased, -torch.inf)
    if scores:
        return products
    weights = torch.where(biased.amax(-1, keepdim=True) == -torch.inf, 0, torch.softmax(torch.where(
        biased.amax(-1, keepdim=True) == -torch.inf, 0, biased), -1))
    return weights @ v


heads = {"q": [2, 4, 3, 4], "k": [2, 2, 5, 4], "v": [2, 2, 5, 3]}
case("Attention, soft cap and mask", "y = Attention <softcap = 1.5> (q, k, v, m)", {**heads, "m": [4, 3, 5]},
     lambda q, k, v, m: attention(q, k, v, m, cap=1.5))
case("Attention, past keys, causal", 'y, pk, pv = Attention <is_causal = 1> (q, k, v, "", a, b)',
     {"q": [2, 4, 3, 4], "k": [2, 2, 3, 4], "v": [2, 2, 3, 3], "a": [2, 2, 2, 4], "b": [2, 2, 2, 3]},
     lambda q, k, v, a, b: attention(q, k, v, past=(a, b), causal=True))
case("Attention, the present values", 'z, pk, y = Attention (q, k, v, "", a, b)',
     {"q": [1, 2, 2, 3], "k": [1, 2, 3, 3], "v": [1, 2, 3, 2], "a": [1, 2, 1, 3], "b": [1, 2, 1, 2]},
     lambda q, k, v, a, b: torch.cat((b, v), 2))
case("Attention, window", "y = Attention <left_window_size = 1, right_window_size = 1> (q, k, v)", heads,
     lambda q, k, v: attention(q, k, v, window=(1, 1)), opset=25)
case("Attention, lengths, causal", 'y = Attention <is_causal = 1> (q, k, v, "", "", "", n)', heads,
     lambda q, k, v: attention(q, k, v, causal=True, lengths=torch.tensor([4, 2])), extra="int64[2] n = {4, 2}")
case("Attention, scores after the cap", 'z, "", "", y = Attention <softcap = 2.0, qk_matmul_output_mode = 1> (q, k, v)', heads,
     lambda q, k, v: attention(q, k, v, cap=2.0, scores=True))


def loop(x, count):
    rows, state = [], x
    for step in range(count):
        state = torch.sin(state) * (step + 1)
        rows.append(state[0])
    return state.sum(1) + torch.stack(rows).sum()


LOOP = """last, rows = Loop (count, keep, x) <body = b (int64 i, bool c, double[2,3] s) => (bool d, double[2,3] t, double[3] r) {
  wave = Sin (s) one = Constant <value_int = 1> () next = Add (i, one) factor = CastLike (next, s) t = Mul (wave, factor)
  zero = Constant <value_int = 0> () r = Gather (t, zero) d = Identity (c)
}>
axis = Constant <value_ints = [1]> () a = ReduceSum <keepdims = 0> (last, axis) b = ReduceSum <keepdims = 0> (rows) y = Add (a, b)"""
case("Loop", LOOP, {"x": [2, 3]}, lambda x: loop(x, 3), extra="int64 count = {3}, bool keep = {1}")


def convolved(name, attributes, x, w, torch_options, pads=(), bias=True):
    """A convolution; `pads` are zeros along the axes from the last to the first, in front and behind, as PyTorch has them."""
    function = getattr(functional, f"conv{len(x) - 2}d")
    inputs = {"x": x, "w": w}
    if bias:
        inputs["b"] = [w[0]]
    case(f"Conv, {name}", f"y = Conv <{attributes}> (x, w{', b' if bias else ''})", inputs,
         lambda x, w, b=None: function(functional.pad(x, pads), w, b, **torch_options))


convolved("one axis", "strides = [2], pads = [1, 2]", [2, 2, 6], [3, 2, 3], dict(stride=2), (1, 2))
convolved("two axes, groups", "dilations = [2, 1], pads = [1, 0, 1, 2], group = 2", [2, 4, 5, 3], [4, 2, 2, 3],
          dict(dilation=(2, 1), groups=2), (0, 2, 1, 1), bias=False)
convolved("three axes", "strides = [1, 2, 1], pads = [1, 0, 2, 0, 1, 1]", [2, 2, 3, 4, 3], [3, 2, 2, 3, 2],
          dict(stride=(1, 2, 1)), (2, 1, 0, 1, 1, 0))
convolved("three axes, dilated groups", "strides = [2, 1, 1], dilations = [1, 2, 1], group = 2", [2, 4, 4, 4, 3], [4, 2, 2, 2, 3],
          dict(stride=(2, 1, 1), dilation=(1, 2, 1), groups=2), bias=False)
convolved("three axes, depthwise", 'auto_pad = "SAME_LOWER", strides = [1, 1, 2], group = 3', [2, 3, 3, 2, 4], [3, 1, 3, 2, 3],
          dict(stride=(1, 1, 2), groups=3), (1, 0, 1, 0, 1, 1))
convolved("three axes, same size", 'auto_pad = "SAME_UPPER"', [1, 2, 2, 3, 2], [2, 2, 2, 3, 2], {}, (0, 1, 1, 1, 0, 1))
transposed("three axes", "strides = [2, 1, 3], pads = [1, 0, 1, 0, 1, 2], output_padding = [1, 0, 2]", [2, 2, 2, 3, 2], [2, 3, 3, 2, 4],
           dict(stride=(2, 1, 3), output_padding=(1, 0, 2)), (1, 2, 0, 1, 1, 0))
transposed("three axes, dilated groups", "dilations = [1, 2, 1], strides = [1, 1, 2], group = 2", [2, 4, 2, 2, 3], [4, 2, 2, 2, 2],
           dict(dilation=(1, 2, 1), stride=(1, 1, 2), groups=2), bias=False)


def text(entry, output):
    """The model of a case, whose output is y weighted element by element."""
    inputs = ", ".join(f"double[{','.join(map(str, shape))}] {name}" for name, shape in entry["inputs"].items())
    shape = ",".join(map(str, output.shape))
    weights = ", ".join(repr(float(w)) for w in np.cos(np.arange(output.size) + 1).round(3))
    extra = f"{entry['extra']}, " if entry["extra"] else ""
    return (f'<ir_version: 10, opset_import: ["" : {entry["opset"]}]>\n'
            f"g ({inputs}) => (double[{shape}] weighted) <{extra}double[{shape}] weights = {{{weights}}}> {{\n"
            f"{entry['node']} weighted = Mul (y, weights)\n}}")


def listed(array):
    return {"shape": list(array.shape), "values": [float(f"{value:.13g}") for value in np.asarray(array, np.float64).flatten()]}


def result(entry, random):
    arrays = {}
    for name, shape in entry["inputs"].items():
        draw = entry["draw"].get(name, lambda r, s: r.standard_normal(s))
        array = np.asarray(draw(random, shape)).round(3)
        for kink in entry["away"]:
            near = np.abs(array - kink) < 0.05
            array = np.where(near, array + 0.1, array)
        arrays[name] = array
    tensors = {name: torch.tensor(array, dtype=torch.float64, requires_grad=True) for name, array in arrays.items()}
    y = entry["compute"](*tensors.values())
    model = text(entry, y.detach().numpy())
    weights = torch.tensor(np.cos(np.arange(y.numel()) + 1).round(3).reshape(y.shape))
    weighted = y * weights
    weighted.sum().backward()
    # Its kernels are for float32 in the main.
    single_precision = onnx.parser.parse_model(model.replace("double[", "float["))
    failures = onnxruntime.capi.onnxruntime_pybind11_state
    try:
        session = onnxruntime.InferenceSession(single_precision.SerializeToString(), providers=["CPUExecutionProvider"])
        found = session.run(None, {name: array.astype(np.float32) for name, array in arrays.items()})[0]
        np.testing.assert_allclose(found, weighted.detach().numpy(), rtol=1e-4, atol=1e-5, err_msg=entry["name"])
        witness = "PyTorch and ONNX Runtime"
    except (failures.NotImplemented, failures.Fail, failures.InvalidGraph, failures.RuntimeException) as refusal:
        witness = f"PyTorch alone: {str(refusal)[:150]}"
    gradients = {name: np.zeros(arrays[name].shape) if t.grad is None else t.grad.numpy() for name, t in tensors.items()}
    return witness, {
        "name": entry["name"], "model": model,
        "inputs": {name: listed(array) for name, array in arrays.items()}, "output": listed(weighted.detach().numpy()),
        "gradients": {name: listed(array) for name, array in gradients.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    onnxruntime.set_default_logger_severity(4)
    random = np.random.default_rng(7)
    results = []
    for entry in CASES:
        witness, found = result(entry, random)
        results.append(found)
        print(f"{entry['name']}: {witness}")
    with open(options.output, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(found) for found in results) + "\n]\n")


if __name__ == "__main__":
    main()
