import Graphs
import Tensors

extension OperatorCase {
  /// Cases of Conv: patches, groups, strides, and every path of depthwise convolutions.
  package static let convolution: [OperatorCase] = [
    convolution("patch embedding", [2, 3, 8, 8], [5, 3, 4, 4], strides: [4, 4], bias: true),
    convolution("pointwise", [2, 3, 4, 5], [6, 3, 1, 1], bias: true),
    convolution(
      "stride, dilation, uneven padding", [1, 2, 9, 7], [3, 2, 3, 2], strides: [2, 1], dilations: [1, 2],
      pads: [1, 0, 2, 3]),
    convolution("groups", [2, 4, 5, 5], [6, 2, 3, 3], pads: [1, 1, 1, 1], group: 2),
    convolution("one axis", [2, 3, 11], [4, 3, 5], strides: [2], pads: [2, 2], bias: true),
    convolution("depthwise, direct", [2, 3, 9, 8], [3, 1, 3, 3], pads: [1, 1, 1, 1], group: 3),
    convolution(
      "depthwise, direct with stride", [1, 2, 7, 7], [2, 1, 5, 5], strides: [2, 2], pads: [2, 2, 2, 2],
      group: 2),
    convolution(
      "depthwise, kernel larger than the map", [3, 2, 5, 4], [2, 1, 15, 15], pads: [7, 7, 7, 7], group: 2),
    convolution("depthwise, Toeplitz", [2, 2, 14, 14], [2, 1, 13, 13], pads: [6, 6, 6, 6], group: 2),
    convolution("depthwise, Toeplitz by rows", [2, 2, 17, 19], [2, 1, 7, 9], pads: [3, 4, 3, 4], group: 2),
    convolution(
      "depthwise, by rows, uneven padding", [1, 2, 18, 16], [2, 1, 51, 51], pads: [30, 20, 22, 30], group: 2),
    convolution(
      "depthwise, dilated", [1, 2, 7, 7], [2, 1, 3, 3], dilations: [3, 3], pads: [3, 3, 3, 3], group: 2),
    convolution(
      "depthwise, three by three on a small map", [3, 5, 7, 7], [5, 1, 3, 3], pads: [1, 1, 1, 1], group: 5,
      bias: true),
    convolution(
      "depthwise, stride and dilation of their own", [2, 3, 21, 37], [3, 1, 3, 5], strides: [2, 3],
      dilations: [1, 2], pads: [1, 4, 0, 2], group: 3, bias: true),
    convolution(
      "depthwise, Toeplitz with bias", [2, 2, 14, 14], [2, 1, 13, 13], pads: [6, 6, 6, 6], group: 2,
      bias: true),
    convolution("groups with bias", [2, 4, 5, 5], [6, 2, 3, 3], pads: [1, 1, 1, 1], group: 2, bias: true),
    convolution("two filters per channel", [1, 2, 5, 5], [4, 1, 3, 3], pads: [1, 1, 1, 1], group: 2),
    convolution(
      "three axes", [2, 2, 4, 5, 3], [3, 2, 2, 3, 2], strides: [1, 2, 1], dilations: [2, 1, 1],
      pads: [1, 0, 2, 0, 1, 1], bias: true),
    convolution(
      "three axes, groups", [1, 4, 3, 4, 5], [6, 2, 3, 1, 3], strides: [2, 1, 2], pads: [1, 0, 1, 1, 0, 1],
      group: 2, bias: true),
    convolution("three axes, pointwise", [2, 3, 2, 3, 2], [4, 3, 1, 1, 1]),
    convolution(
      "three axes, depthwise, kernel larger than the map", [2, 2, 2, 3, 1], [2, 1, 5, 3, 3],
      pads: [2, 1, 1, 2, 1, 1], group: 2),
    convolution(
      "three axes, video patches", [1, 3, 4, 4, 4], [5, 3, 2, 4, 4], strides: [2, 4, 4], bias: true),
    transposed("twice as large", [2, 3, 4, 5], [3, 2, 2, 2], [8, 10], strides: [2, 2], bias: true),
    transposed(
      "strides, uneven padding, more at the end", [1, 2, 4, 3], [2, 3, 3, 4], [8, 7], strides: [2, 3],
      pads: [1, 2, 1, 2],
      with: [Attribute("output_padding", [1, 1])]),
    transposed(
      "dilated", [1, 2, 3, 4], [2, 2, 2, 3], [5, 8], dilations: [3, 2], pads: [1, 0, 0, 0], bias: true),
    transposed("groups", [2, 4, 3, 3], [4, 3, 3, 3], [5, 5], group: 2, bias: true),
    transposed(
      "three axes", [2, 2, 2, 3, 2], [2, 3, 3, 2, 4], [5, 3, 6], strides: [2, 1, 3],
      pads: [1, 0, 1, 0, 1, 2],
      bias: true, with: [Attribute("output_padding", [1, 0, 2])]),
    transposed(
      "three axes, dilated groups", [1, 4, 2, 2, 3], [4, 2, 2, 2, 2], [2, 4, 7], strides: [1, 2, 3],
      dilations: [1, 2, 1], pads: [1, 0, 0, 0, 1, 1], group: 2),
    transposed("one axis", [2, 3, 5], [3, 2, 4], [8], strides: [2], pads: [1, 3]),
    transposed(
      "output shape", [1, 2, 3, 3], [2, 2, 3, 3], [6, 5], strides: [2, 2], pads: [1, 1, 0, 1], isShaped: true),
    transposed(
      "output shape, zeros in front", [1, 2, 3, 3], [2, 2, 3, 3], [6, 5], strides: [2, 2],
      pads: [0, 1, 1, 1],
      isShaped: true, with: [Attribute("auto_pad", "SAME_UPPER")]),
    transposed(
      "same", [1, 2, 3, 4], [2, 1, 3, 3], [6, 8], strides: [2, 2], pads: [1, 1, 0, 0], isPadded: false,
      with: [Attribute("auto_pad", "SAME_LOWER")]),
    transposed("one tap, gaps between", [1, 1, 3, 3], [1, 1, 1, 1], [5, 5], strides: [2, 2]),
  ]

  /// The definition, written over coordinates: every element goes to where the taps put it.
  private static func transposed(
    _ name: String, _ x: Shape, _ w: Shape, _ outputs: [Int], strides: [Int]? = nil, dilations: [Int]? = nil,
    pads: [Int]? = nil, group: Int = 1, bias: Bool = false, isPadded: Bool = true, isShaped: Bool = false,
    with others: [Attribute] = []
  ) -> OperatorCase {
    let axes = x.rank - 2
    let steps = strides ?? [Int](repeating: 1, count: axes)
    let spread = dilations ?? [Int](repeating: 1, count: axes)
    let padding = pads ?? [Int](repeating: 0, count: 2 * axes)
    var attributes = [Attribute("group", group)] + others
    if let strides { attributes.append(Attribute("strides", strides)) }
    if let dilations { attributes.append(Attribute("dilations", dilations)) }
    if let pads, isPadded, !isShaped { attributes.append(Attribute("pads", pads)) }
    if isShaped { attributes.append(Attribute("output_shape", outputs)) }
    let taps = ReferenceTensor.coordinates(of: Shape([x[1] / group] + w.extents[2...]))
    return OperatorCase(
      name, "ConvTranspose",
      inputs: [.normal(x), .normal(w, seed: 2), bias ? .normal([w[1] * group], seed: 3) : nil],
      attributes: attributes, tolerance: longSum,
      gradientTolerance: .relativeToLargest(1e-5, reason: "sums of products in Float")
    ) { inputs in
      .make(Shape([x[0], w[1] * group] + outputs)) { place in
        let part = place[1] / w[1]
        let sum = taps.reduce(0.0) { sum, tap in
          let channel = part * (x[1] / group) + tap[0]
          var source = [place[0], channel]
          for axis in 0..<axes {
            let reached = place[2 + axis] + padding[axis] - tap[1 + axis] * spread[axis]
            guard reached >= 0, reached % steps[axis] == 0, reached / steps[axis] < x[2 + axis] else {
              return sum
            }
            source.append(reached / steps[axis])
          }
          return sum + inputs[0](source) * inputs[1]([channel, place[1] % w[1]] + tap[1...])
        }
        return bias ? sum + inputs[2]([place[1]]) : sum
      }
    }
  }

  /// The definition, written over coordinates.
  static func convolution(
    _ name: String, _ x: Shape, _ w: Shape, strides: [Int]? = nil, dilations: [Int]? = nil,
    pads: [Int]? = nil, group: Int = 1, bias: Bool = false
  ) -> OperatorCase {
    let axes = x.rank - 2
    let steps = strides ?? [Int](repeating: 1, count: axes)
    let spread = dilations ?? [Int](repeating: 1, count: axes)
    let padding = pads ?? [Int](repeating: 0, count: 2 * axes)
    let outputs = (0..<axes).map { axis in
      (x[2 + axis] + padding[axis] + padding[axes + axis] - (w[2 + axis] - 1) * spread[axis] - 1)
        / steps[axis] + 1
    }
    var attributes = [Attribute("group", group)]
    if let strides { attributes.append(Attribute("strides", strides)) }
    if let dilations { attributes.append(Attribute("dilations", dilations)) }
    if let pads { attributes.append(Attribute("pads", pads)) }
    let taps = ReferenceTensor.coordinates(of: Shape(Array(w.extents[1...])))
    return OperatorCase(
      name, "Conv", inputs: [.normal(x), .normal(w, seed: 2), bias ? .normal([w[0]], seed: 3) : nil],
      attributes: attributes, tolerance: longSum,
      gradientTolerance: .relativeToLargest(1e-5, reason: "sums of products in Float")
    ) { inputs in
      .make(Shape([x[0], w[0]] + outputs)) { place in
        let firstChannel = place[1] / (w[0] / group) * w[1]
        let sum = taps.reduce(0.0) { sum, tap in
          var source = [place[0], firstChannel + tap[0]]
          for axis in 0..<axes {
            let position = place[2 + axis] * steps[axis] + tap[1 + axis] * spread[axis] - padding[axis]
            guard position >= 0, position < x[2 + axis] else { return sum }
            source.append(position)
          }
          return sum + inputs[0](source) * inputs[1]([place[1]] + tap)
        }
        return bias ? sum + inputs[2]([place[1]]) : sum
      }
    }
  }
}
