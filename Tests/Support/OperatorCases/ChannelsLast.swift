import Graphs
import Operators
import Tensors

extension OperatorCase {
  /// Cases of the operators on maps whose channels lie side by side, by the definitions of those on maps [B, C, H, W].
  static let channelsLast: [OperatorCase] = [
    conv("three by three, blocks of depth", [2, 7, 6, 45], [19, 45, 3, 3], pads: [1, 1, 1, 1], bias: true),
    conv("an image of three channels", [2, 15, 16, 3], [5, 3, 7, 7], strides: [2, 2], pads: [3, 3, 3, 3]),
    conv("a stride over points", [2, 7, 8, 5], [9, 5, 1, 1], strides: [2, 2]),
    conv("a stride that no tap fits", [1, 1, 1, 2], [3, 2, 1, 1], strides: [2, 2], pads: [1, 1, 0, 0]),
    conv(
      "stride, dilation, uneven padding", [2, 9, 7, 4], [3, 4, 3, 2], strides: [2, 3], dilations: [1, 2],
      pads: [1, 0, 2, 3], bias: true),
    conv(
      "stride and dilation with common parts", [1, 11, 9, 3], [4, 3, 3, 3], strides: [4, 2],
      dilations: [2, 4],
      pads: [2, 4, 1, 3]),
    conv("groups", [2, 5, 6, 12], [18, 4, 3, 3], pads: [1, 1, 1, 1], group: 3, bias: true),
    conv(
      "groups with a stride", [1, 6, 5, 4], [6, 2, 3, 3], strides: [2, 2], pads: [1, 1, 1, 1], group: 2),
    conv("residual", [2, 5, 4, 6], [7, 6, 3, 3], pads: [1, 1, 1, 1], bias: true, residual: true),
    conv(
      "depthwise, whole and cut vectors", [2, 6, 9, 37], [37, 1, 3, 3], pads: [1, 1, 1, 1], group: 37,
      bias: true),
    conv(
      "depthwise with a stride", [2, 9, 13, 21], [21, 1, 3, 5], strides: [2, 2], pads: [1, 2, 1, 2], group: 21
    ),
    conv(
      "depthwise, dilated, uneven padding", [1, 8, 12, 5], [5, 1, 3, 3], strides: [1, 3], dilations: [2, 1],
      pads: [4, 0, 0, 2], group: 5, bias: true),
    conv(
      "depthwise, kernel larger than the map", [2, 3, 4, 9], [9, 1, 7, 7], pads: [3, 3, 3, 3], group: 9),
    pool("overlapping windows, padded", [2, 9, 8, 19], [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]),
    pool(
      "dilated, uneven padding", [1, 9, 7, 3], [2, 3], strides: [2, 1], pads: [1, 0, 0, 2], dilations: [3, 2]),
    pool("rows of many windows", [1, 3, 21, 34], [2, 2], strides: [1, 1], pads: [0, 0, 0, 0]),
  ]

  private static func conv(
    _ name: String, _ x: Shape, _ w: Shape, strides: [Int]? = nil, dilations: [Int]? = nil,
    pads: [Int]? = nil, group: Int = 1, bias: Bool = false, residual: Bool = false
  ) -> OperatorCase {
    let first = Shape([x[0], x[3], x[1], x[2]])
    let inner = convolution(
      name, first, w, strides: strides, dilations: dilations, pads: pads, group: group, bias: bias)
    let shape = laid(inner.reference(inner.inputs.map { $0 ?? .of([]) })[0], [0, 2, 3, 1]).shape
    return OperatorCase(
      name, OperatorName("ChannelsLastConv", domain: "dka.fused"), version: 1,
      inputs: [.normal(x), inner.inputs[1], inner.inputs[2], residual ? .normal(shape, seed: 4) : nil],
      attributes: inner.attributes, tolerance: inner.tolerance, gradientTolerance: inner.gradientTolerance
    ) { operands in
      let result = laid(
        inner.reference([laid(operands[0], [0, 3, 1, 2])] + operands[1...])[0], [0, 2, 3, 1])
      return [residual ? result.zip(operands[3]) { $0 + $1 } : result]
    }
  }

  private static func pool(
    _ name: String, _ x: Shape, _ kernel: [Int], strides: [Int], pads: [Int], dilations: [Int]? = nil
  ) -> OperatorCase {
    let inner = window(
      name, "MaxPool", Shape([x[0], x[3], x[1], x[2]]), kernel, strides: strides, dilations: dilations,
      pads: pads)
    return OperatorCase(
      name, OperatorName("ChannelsLastMaxPool", domain: "dka.fused"), version: 1, inputs: [.normal(x)],
      attributes: inner.attributes
    ) { operands in [laid(inner.reference([laid(operands[0], [0, 3, 1, 2])])[0], [0, 2, 3, 1])] }
  }

  /// The tensor with its axes in another order.
  private static func laid(_ tensor: ReferenceTensor, _ order: [Int]) -> ReferenceTensor {
    .make(Shape(order.map { tensor.shape[$0] })) { place in
      var source = place
      for (position, axis) in order.enumerated() { source[axis] = place[position] }
      return tensor(source)
    }
  }
}
