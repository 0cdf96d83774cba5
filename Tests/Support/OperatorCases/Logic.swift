import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Logic.
  package static let logic: [OperatorCase] = comparisonCases + connectiveCases + choiceCases

  @OperatorCaseList private static var choiceCases: [OperatorCase] {
    OperatorCase("truth values", "Not", version: 7, inputs: [.booleans([true, false, true])]) { _ in
      .booleans([false, true, false])
    }
    OperatorCase(
      "numbers", "IsNaN", version: 13, inputs: [.of([1, .nan, .infinity, -.nan])],
      gradient: .none("truth values")
    ) { _ in .booleans([false, true, false, true]) }
    OperatorCase(
      "numbers", "IsInf", version: 10, inputs: [.of([1, .nan, .infinity, -.infinity])],
      gradient: .none("truth values")
    ) { _ in .booleans([false, false, true, true]) }
    OperatorCase(
      "one side", "IsInf", inputs: [.of([1, .nan, .infinity, -.infinity])],
      attributes: [Attribute("detect_negative", 0)], gradient: .none("truth values")
    ) { _ in .booleans([false, false, true, false]) }
    for type in [ElementType.int8, .uint8] {
      OperatorCase(
        type.name, "Where",
        inputs: [.booleans([true, false]), .integers([1, 2], nil, type), .integers([3, 4], nil, type)]
      ) { _ in .integers([1, 4], nil, type) }
      OperatorCase(
        type.name, "Greater", inputs: [.integers([1, 5, 3], nil, type), .integers([2, 5, 1], nil, type)]
      ) { _ in .booleans([false, false, true]) }
    }
    OperatorCase(
      "equal shapes", "Where", version: 9, inputs: [mask, .normal([3, 5]), .normal([3, 5], seed: 2)],
      result: chosen)
    OperatorCase("scalars", "Where", inputs: [mask, .scalar(2), .scalar(-1)], result: chosen)
    OperatorCase("scalar else", "Where", inputs: [mask, .normal([3, 5]), .scalar(0)], result: chosen)
    OperatorCase(
      "row and column", "Where",
      inputs: [.booleans([true, false], [2, 1, 1]), .normal([5]), .normal([3, 1])], result: chosen)
    OperatorCase(
      "integers", "Where", inputs: [.booleans([true, false]), .integers([1, 2]), .integers([3, 4])]
    ) { _ in .integers([1, 4]) }
    OperatorCase(
      "truth values", "Where",
      inputs: [.booleans([true, false]), .booleans([true, true]), .booleans([false])]
    ) { _ in .booleans([true, false]) }
  }

  private static let mask = ReferenceTensor([1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1], [3, 5], .bool)

  private static let chosen: @Sendable ([ReferenceTensor]) -> ReferenceTensor = { inputs in
    let shape = inputs.reduce(Shape([])) { $0.broadcast(with: $1.shape) ?? $0 }
    return .make(shape) { inputs[0]($0) != 0 ? inputs[1]($0) : inputs[2]($0) }
  }

  private static let comparisons: [(String, Int, @Sendable (Double, Double) -> Bool)] = [
    ("Equal", 7, { $0 == $1 }), ("Greater", 7, { $0 > $1 }), ("Less", 9, { $0 < $1 }),
    ("GreaterOrEqual", 12, { $0 >= $1 }), ("LessOrEqual", 16, { $0 <= $1 }),
  ]

  @OperatorCaseList private static var comparisonCases: [OperatorCase] {
    for (type, version, holds) in comparisons {
      let reference: @Sendable ([ReferenceTensor]) -> ReferenceTensor = {
        $0[0].zip($0[1], .bool) { holds($0, $1) ? 1 : 0 }
      }
      OperatorCase(
        "floats and NaN", type, version: version,
        inputs: [.of([1, 2, 3, .nan, .nan, -0.0]), .of([2, 2, 2, 2, .nan, 0])],
        gradient: .none("truth values"), result: reference)
      OperatorCase(
        "row and column", type,
        inputs: [.integers([1, 2, 3], [3, 1], .int32), .integers([1, 2, 3], nil, .int32)], result: reference
      )
      OperatorCase(
        "int64 and scalar", type, inputs: [.integers([1, 2, 3]), .integers([2], [])], result: reference)
    }
    OperatorCase(
      "truth values", "Equal", inputs: [.booleans([true, false, true]), .booleans([true, true, false])]
    ) { _ in .booleans([true, false, false]) }
  }

  private static let connectives: [(String, @Sendable (Bool, Bool) -> Bool)] = [
    ("And", { $0 && $1 }), ("Or", { $0 || $1 }), ("Xor", { $0 != $1 }),
  ]

  @OperatorCaseList private static var connectiveCases: [OperatorCase] {
    for (type, body) in connectives {
      let reference: @Sendable ([ReferenceTensor]) -> ReferenceTensor = {
        $0[0].zip($0[1]) { body($0 != 0, $1 != 0) ? 1 : 0 }
      }
      OperatorCase(
        "all four", type, version: 7,
        inputs: [.booleans([true, true, false, false]), .booleans([true, false, true, false])],
        result: reference)
      OperatorCase(
        "row and column", type,
        inputs: [.booleans([true, false], [2, 1]), .booleans([true, false, true])], result: reference)
    }
  }
}
