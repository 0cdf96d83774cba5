import Foundation
import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Reduction.
  package static let reduction: [OperatorCase] =
    kinds.flatMap(cases) + edgeCases + integerCases
    + positionCases

  private struct Kind {
    let type: String
    /// First version that takes the axes as operand.
    let operandVersion: Int
    let tolerance: Tolerance
    let gradient: GradientMode
    let body: @Sendable ([Double]) -> Double
  }

  private static let rounding = Tolerance.relativeToLargest(1e-6, reason: "a sum of up to 70 numbers")

  private static let kinds: [Kind] = [
    Kind(type: "ReduceSum", operandVersion: 13, tolerance: rounding, gradient: .check) { $0.reduce(0, +) },
    Kind(type: "ReduceMean", operandVersion: 18, tolerance: rounding, gradient: .check) {
      $0.reduce(0, +) / Double($0.count)
    },
    Kind(type: "ReduceSumSquare", operandVersion: 18, tolerance: rounding, gradient: .check) {
      $0.reduce(0) { $0 + $1 * $1 }
    },
    Kind(type: "ReduceL2", operandVersion: 18, tolerance: rounding, gradient: .check) {
      $0.reduce(0) { $0 + $1 * $1 }.squareRoot()
    },
    Kind(type: "ReduceProd", operandVersion: 18, tolerance: rounding, gradient: .check) {
      $0.reduce(1, *)
    },
    Kind(type: "ReduceMax", operandVersion: 18, tolerance: .exact, gradient: .check) {
      $0.max() ?? -.infinity
    },
    Kind(type: "ReduceMin", operandVersion: 18, tolerance: .exact, gradient: .check) {
      $0.min() ?? .infinity
    },
  ]

  /// Axes that take every path: rows, columns, both ends, the middle, alternating, all.
  private static let shapesAndAxes: [(Shape, [Int])] = [
    ([3, 19], [1]), ([3, 19], [-1]), ([70, 21], [0]), ([3, 5, 7], [0, 1]), ([3, 5, 7], [1]),
    ([3, 5, 7], [0, 2]),
    ([2, 3, 4, 5], [1, 3]), ([2, 3, 4, 5], [0, 2]), ([2, 3, 4, 5], [0, 2, 3]), ([4, 5], [0, 1]),
    ([1, 5, 1], [0]),
    ([1], [0]), ([2, 1, 33], [1]),
  ]

  @OperatorCaseList private static func cases(_ kind: Kind) -> [OperatorCase] {
    for (shape, axes) in shapesAndAxes {
      OperatorCase(
        "axes \(axes) of \(shape)", kind.type, version: 24, inputs: [.normal(shape), .integers(axes)],
        tolerance: kind.tolerance, gradient: kind.gradient
      ) { $0[0].reduce(axes, kind.body) }
      OperatorCase(
        "axes \(axes) of \(shape), left out", kind.type, version: kind.operandVersion - 2,
        inputs: [.normal(shape)], attributes: [Attribute("axes", axes), Attribute("keepdims", 0)],
        tolerance: kind.tolerance, gradient: kind.gradient
      ) { $0[0].reduce(axes, keepsAxes: false, kind.body) }
    }
    OperatorCase(
      "all axes", kind.type, version: 11, inputs: [.normal([2, 3, 4])], tolerance: kind.tolerance,
      gradient: kind.gradient
    ) { $0[0].reduce([0, 1, 2], kind.body) }
    OperatorCase(
      "all axes, no operand", kind.type, inputs: [.normal([2, 3, 4])],
      attributes: [Attribute("keepdims", 0)], tolerance: kind.tolerance, gradient: kind.gradient
    ) { $0[0].reduce([0, 1, 2], keepsAxes: false, kind.body) }
    OperatorCase(
      "no axes", kind.type, inputs: [.normal([2, 3]), .integers([])],
      attributes: [Attribute("noop_with_empty_axes", 1)], tolerance: kind.tolerance, gradient: kind.gradient
    ) { $0[0].map { kind.body([$0]) } }
    OperatorCase(
      "a scalar", kind.type, inputs: [.scalar(2.5)], tolerance: kind.tolerance, gradient: kind.gradient
    ) { $0[0].map { kind.body([$0]) } }
    OperatorCase(
      "an empty set", kind.type, inputs: [.of([], [2, 0, 4]), .integers([1])],
      gradient: .none("no elements")
    ) { $0[0].reduce([1], kind.body) }
    OperatorCase(
      "no results", kind.type, inputs: [.of([], [2, 0, 4]), .integers([2])], gradient: .none("no elements")
    ) { $0[0].reduce([2], kind.body) }
  }

  @OperatorCaseList private static var edgeCases: [OperatorCase] {
    OperatorCase(
      "a long sum", "ReduceSum", inputs: [.uniform([2, 100_003], in: 0...1), .integers([1])],
      tolerance: .relativeToLargest(1e-6, reason: "blocks of 1024 in 8 lanes, 100 blocks"),
      gradient: .none("too large")
    ) { $0[0].reduce([1]) { $0.reduce(0, +) } }
    OperatorCase(
      "long columns", "ReduceSum", inputs: [.uniform([5003, 21], in: 0...1), .integers([0])],
      tolerance: .relativeToLargest(3e-6, reason: "blocks of 64 rows, 79 blocks"),
      gradient: .none("too large")
    ) { $0[0].reduce([0]) { $0.reduce(0, +) } }
    OperatorCase(
      "NaN wins", "ReduceMax", inputs: [.of([1, .nan, 3]), .integers([0])], gradient: .none("NaN")
    ) { _ in .of([.nan]) }
    OperatorCase(
      "norm of zeros", "ReduceL2", inputs: [.of([0, 0]), .integers([0])], gradient: .none("a kink")
    ) { _ in .of([0]) }
  }

  @OperatorCaseList private static var integerCases: [OperatorCase] {
    OperatorCase(
      "int64", "ReduceSum", version: 13, inputs: [.integers([1, 2, 3, 4], [2, 2]), .integers([0])]
    ) { _ in .integers([4, 6], [1, 2]) }
    OperatorCase(
      "int32, wrapping", "ReduceSum", inputs: [.integers([2_147_483_647, 1], nil, .int32), .integers([0])]
    ) { _ in .integers([-2_147_483_648], nil, .int32) }
    OperatorCase("int64", "ReduceMean", inputs: [.integers([1, 2, 4, 4], [2, 2]), .integers([0])]) { _ in
      .integers([2, 3], [1, 2])
    }
    OperatorCase("int64", "ReduceMax", inputs: [.integers([1, -2, 3, 4], [2, 2]), .integers([0])]) { _ in
      .integers([3, 4], [1, 2])
    }
    OperatorCase("int32", "ReduceMin", inputs: [.integers([1, -2, 3, 4], [2, 2], .int32), .integers([1])]) {
      _ in .integers([-2, 3], [2, 1], .int32)
    }
    OperatorCase(
      "truth values", "ReduceMax", version: 20,
      inputs: [.booleans([false, true, false, false], [2, 2]), .integers([1])]
    ) { _ in .booleans([true, false], [2, 1]) }
    OperatorCase(
      "truth values", "ReduceMin", version: 20,
      inputs: [.booleans([true, true, false, true], [2, 2]), .integers([1])]
    ) { _ in .booleans([true, false], [2, 1]) }
  }

  @OperatorCaseList private static var positionCases: [OperatorCase] {
    for (type, isLargest) in [("ArgMax", true), ("ArgMin", false)] {
      for axis in [0, 1, -1] {
        OperatorCase(
          "axis \(axis)", type, inputs: [.normal([3, 4, 5])], attributes: [Attribute("axis", axis)],
          gradient: .none("positions have no gradient")
        ) { position($0[0], axis, isLargest: isLargest, last: false) }
      }
      OperatorCase(
        "the last of equal ones, left out", type, version: 12,
        inputs: [.of([1, 3, 3, 1, 2, 1, 1, 2], [2, 4])],
        attributes: [Attribute("axis", 1), Attribute("keepdims", 0), Attribute("select_last_index", 1)],
        gradient: .none("positions have no gradient")
      ) { position($0[0], 1, isLargest: isLargest, last: true).reshaped([2]) }
      OperatorCase(
        "the first of equal ones", type, version: 11,
        inputs: [.integers([1, 3, 3, 1, 1, 0], [2, 3], .int32)],
        attributes: [Attribute("axis", 1)]
      ) { position($0[0], 1, isLargest: isLargest, last: false) }
      OperatorCase("what is no number", type, inputs: [.of([1, .nan, 3, .nan])], gradient: .none("NaN")) {
        _ in
        .integers([1])
      }
      for element in [ElementType.int8, .uint8] {
        OperatorCase(element.name, type, inputs: [.integers([5, 9, 2], nil, element)]) { _ in
          .integers([isLargest ? 1 : 2])
        }
      }
    }
    for (name, zeros) in [("one zero", [4]), ("two zeros", [1, 4]), ("zeros in both rows", [1, 4, 5, 7])] {
      OperatorCase(
        name, "ReduceProd",
        inputs: [
          .of((0..<8).map { zeros.contains($0) ? 0 : Double($0) / 4 + 0.5 }, [2, 4]), .integers([1]),
        ],
        tolerance: rounding
      ) { $0[0].reduce([1]) { $0.reduce(1, *) } }
    }
  }

  private static func position(_ x: ReferenceTensor, _ axis: Int, isLargest: Bool, last: Bool)
    -> ReferenceTensor
  {
    let found = x.reduce([axis]) { values in
      let best = (isLargest ? values.max() : values.min()) ?? 0
      return Double((last ? values.lastIndex(of: best) : values.firstIndex(of: best)) ?? -1)
    }
    return found.typed(.int64)
  }
}
