import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Shaping, except Resize.
  package static let shaping: [OperatorCase] = moving + joining + cutting + repeating

  private static let moving: [OperatorCase] = [
    OperatorCase(
      "one extent computed, one copied", "Reshape", inputs: [.normal([2, 3, 4]), .integers([0, -1])]
    ) {
      $0[0].reshaped([2, 12])
    },
    OperatorCase(
      "in the middle", "Flatten", inputs: [.normal([2, 3, 5])], attributes: [Attribute("axis", 2)]
    ) {
      $0[0].reshaped([6, 5])
    },
    OperatorCase(
      "before the first axis", "Flatten", inputs: [.normal([2, 3])], attributes: [Attribute("axis", 0)]
    ) {
      $0[0].reshaped([1, 6])
    },
    OperatorCase("given axes", "Squeeze", inputs: [.normal([1, 3, 1, 5]), .integers([0, -2])]) {
      $0[0].reshaped([3, 5])
    },
    OperatorCase("all axes of extent one", "Squeeze", version: 11, inputs: [.normal([1, 3, 1])]) {
      $0[0].reshaped([3])
    },
    OperatorCase(
      "axes as attribute", "Unsqueeze", version: 11, inputs: [.normal([3, 5])],
      attributes: [Attribute("axes", [0, 3])]
    ) { $0[0].reshaped([1, 3, 5, 1]) },
    OperatorCase("axes as operand", "Unsqueeze", inputs: [.normal([3, 5]), .integers([-2])]) {
      $0[0].reshaped([3, 1, 5])
    },
    transpose("two axes", [19, 37], [1, 0]),
    transpose("heads before tokens", [2, 7, 3, 4], [0, 2, 1, 3]),
    transpose("keys by tokens", [2, 3, 17, 33], [0, 1, 3, 2]),
    transpose("all axes at once", [2, 3, 4, 5, 1], [4, 2, 0, 3, 1]),
    transpose("axes of extent one only", [1, 3, 1, 5], [1, 0, 2, 3]),
    OperatorCase("reversed without order", "Transpose", inputs: [.normal([2, 3, 4])]) { inputs in
      .make([4, 3, 2]) { inputs[0]([$0[2], $0[1], $0[0]]) }
    },
  ]

  private static let joining: [OperatorCase] = [
    OperatorCase(
      "class token before patches", "Concat", inputs: [.normal([2, 1, 5]), .normal([2, 4, 5], seed: 2)],
      attributes: [Attribute("axis", 1)]
    ) { inputs in
      .make([2, 5, 5]) { $0[1] < 1 ? inputs[0]($0) : inputs[1]([$0[0], $0[1] - 1, $0[2]]) }
    },
    OperatorCase(
      "innermost axis, one part empty", "Concat",
      inputs: [.normal([3, 2]), .normal([3, 0]), .normal([3, 4])],
      attributes: [Attribute("axis", -1)]
    ) { inputs in
      .make([3, 6]) { $0[1] < 2 ? inputs[0]($0) : inputs[2]([$0[0], $0[1] - 2]) }
    },
    OperatorCase(
      "truth values", "Concat", inputs: [.booleans([true, false]), .booleans([true])],
      attributes: [Attribute("axis", 0)], gradient: .none("truth values have no gradient")
    ) { _ in .booleans([true, false, true]) },
    OperatorCase("constant, before and after", "Pad", inputs: [.normal([2, 3]), .integers([1, 0, 0, 2])]) {
      inputs in
      .make([3, 5]) { $0[0] < 1 || $0[1] > 2 ? 0 : inputs[0]([$0[0] - 1, $0[1]]) }
    },
    OperatorCase(
      "some axes, one removed", "Pad",
      inputs: [.normal([2, 5, 3]), .integers([-1, 1]), .scalar(7), .integers([1])],
      gradient: .none("the value of new elements has no gradient")
    ) { inputs in
      .make([2, 5, 3]) { $0[1] > 3 ? 7 : inputs[0]([$0[0], $0[1] + 1, $0[2]]) }
    },
    pad("reflect") { $0 < 0 ? -$0 : $0 > 3 ? 6 - $0 : $0 },
    pad("edge") { min(max($0, 0), 3) },
    pad("wrap") { ($0 + 4) % 4 },
  ]

  private static let cutting: [OperatorCase] = [
    OperatorCase(
      "parts as operand", OperatorName("Split"), inputs: [.normal([2, 5, 3]), .integers([1, 4])],
      attributes: [Attribute("axis", 1)], outputCount: 2, gradientOutputs: [0, 1]
    ) { inputs in
      [
        .make([2, 1, 3]) { inputs[0]([$0[0], 0, $0[2]]) },
        .make([2, 4, 3]) { inputs[0]([$0[0], $0[1] + 1, $0[2]]) },
      ]
    },
    OperatorCase(
      "uneven parts by number, gradient of one", OperatorName("Split"), inputs: [.normal([5])],
      attributes: [Attribute("num_outputs", 2)], outputCount: 2, gradientOutputs: [1]
    ) { inputs in [.of(Array(inputs[0].values[..<3])), .of(Array(inputs[0].values[3...]))] },
    OperatorCase(
      "parts as attribute", OperatorName("Split"), version: 11, inputs: [.normal([6, 2])],
      attributes: [Attribute("split", [2, 4])], outputCount: 2, gradientOutputs: [0]
    ) { inputs in
      [.make([2, 2]) { inputs[0]($0) }, .make([4, 2]) { inputs[0]([$0[0] + 2, $0[1]]) }]
    },
    OperatorCase(
      "first token of each image", "Slice",
      inputs: [.normal([3, 4, 5]), .integers([0]), .integers([1]), .integers([1])]
    ) { inputs in .make([3, 1, 5]) { inputs[0]($0) } },
    OperatorCase(
      "bounds beyond the axis", "Slice",
      inputs: [.normal([4, 3]), .integers([-9, 1]), .integers([3, 99]), .integers([0, -1])]
    ) { inputs in .make([3, 2]) { inputs[0]([$0[0], $0[1] + 1]) } },
    OperatorCase(
      "backwards in steps of two", "Slice",
      inputs: [
        .normal([7, 2]), .integers([-1]), .integers([Int.min + 1]), .integers([0], nil, .int64),
        .integers([-2]),
      ]
    ) { inputs in .make([4, 2]) { inputs[0]([6 - 2 * $0[0], $0[1]]) } },
    OperatorCase(
      "in steps of three", "Slice",
      inputs: [.normal([2, 8]), .integers([1]), .integers([8]), .integers([1]), .integers([3])]
    ) { inputs in .make([2, 3]) { inputs[0]([$0[0], 1 + 3 * $0[1]]) } },
    OperatorCase(
      "nothing left", "Slice", inputs: [.normal([4, 3]), .integers([3]), .integers([1])]
    ) { _ in .of([], [0, 3]) },
    OperatorCase(
      "bounds as attributes", "Slice", version: 9, inputs: [.normal([4, 3])],
      attributes: [Attribute("starts", [1]), Attribute("ends", [-1])]
    ) { inputs in .make([2, 3]) { inputs[0]([$0[0] + 1, $0[1]]) } },
  ]

  private static let repeating: [OperatorCase] = [
    OperatorCase("class token to a batch", "Expand", inputs: [.normal([1, 1, 5]), .integers([3, 1, 1])]) {
      inputs in
      .make([3, 1, 5]) { inputs[0]([0, 0, $0[2]]) }
    },
    OperatorCase(
      "new axes and a middle one", "Expand", inputs: [.normal([3, 1, 2]), .integers([2, 1, 4, 1])]
    ) {
      inputs in .make([2, 3, 4, 2]) { inputs[0]([$0[1], 0, $0[3]]) }
    },
    OperatorCase("a scalar", "Expand", inputs: [.scalar(1.5), .integers([2, 2])]) { inputs in
      .make([2, 2]) { _ in inputs[0].values[0] }
    },
    OperatorCase("two axes", "Tile", inputs: [.normal([2, 3]), .integers([3, 2])]) { inputs in
      .make([6, 6]) { inputs[0]([$0[0] % 2, $0[1] % 3]) }
    },
    OperatorCase("no time", "Tile", inputs: [.normal([2, 3]), .integers([0, 1])]) { _ in .of([], [0, 3]) },
  ]

  private static func transpose(_ name: String, _ extents: [Int], _ order: [Int]) -> OperatorCase {
    OperatorCase(
      name, "Transpose", inputs: [.normal(Shape(extents))], attributes: [Attribute("perm", order)]
    ) { inputs in
      .make(Shape(order.map { extents[$0] })) { place in
        var source = place
        for (index, axis) in order.enumerated() { source[axis] = place[index] }
        return inputs[0](source)
      }
    }
  }

  private static func pad(_ mode: String, _ source: @escaping @Sendable (Int) -> Int) -> OperatorCase {
    OperatorCase(
      mode, "Pad", inputs: [.normal([3, 4]), .integers([0, 2, 0, 3])], attributes: [Attribute("mode", mode)]
    ) { inputs in .make([3, 9]) { inputs[0]([$0[0], source($0[1] - 2)]) } }
  }
}
