import Foundation
import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Arithmetic.
  package static let arithmetic: [OperatorCase] =
    broadcastCases + divisionCases + powerCases + extremeCases + functionCases + smallIntegerCases

  /// Shapes that take every path of a broadcast: equal, scalar, row, column, leading axes, both stretched, empty.
  private static let shapePairs: [(Shape, Shape)] = [
    ([3, 5], [3, 5]), ([2, 3, 7], []), ([], [4]), ([2, 3, 7], [7]), ([2, 3, 7], [3, 1]),
    ([2, 1, 7], [3, 1]),
    ([1, 3, 5], [4, 3, 5]), ([2, 3, 2, 5], [2, 1, 2, 1]), ([1], [1]), ([0, 3], [3]),
    ([3, 4, 5, 6], [1, 4, 1, 6]),
  ]

  @OperatorCaseList private static var broadcastCases: [OperatorCase] {
    for (first, second) in shapePairs {
      let inputs: [ReferenceTensor?] = [.normal(first), .normal(second, seed: 2)]
      let name = "\(first) with \(second)"
      OperatorCase(name, "Add", inputs: inputs, tolerance: .ulp(0.5)) { $0[0].zip($0[1]) { $0 + $1 } }
      OperatorCase(name, "Sub", inputs: inputs, tolerance: .ulp(0.5)) { $0[0].zip($0[1]) { $0 - $1 } }
      OperatorCase(name, "Mul", inputs: inputs, tolerance: .ulp(0.5)) { $0[0].zip($0[1]) { $0 * $1 } }
      OperatorCase(
        name, "Div", inputs: [inputs[0], .uniform(second, in: 0.5...2)], tolerance: .ulp(0.5)
      ) { $0[0].zip($0[1]) { $0 / $1 } }
    }
    OperatorCase(
      "large", "Add", inputs: [.normal([70, 1000]), .normal([1000])], tolerance: .ulp(0.5),
      gradient: .none("too large")
    ) {
      $0[0].zip($0[1]) { $0 + $1 }
    }
    OperatorCase(
      "wrapping", "Add", inputs: [.integers([2_147_483_647], nil, .int32), .integers([1], nil, .int32)]
    ) { _ in
      .integers([-2_147_483_648], nil, .int32)
    }
    OperatorCase("int64", "Mul", version: 7, inputs: [.integers([3, -4, 5]), .integers([7])]) { _ in
      .integers([21, -28, 35])
    }
    OperatorCase("int64", "Sub", inputs: [.integers([3, -4, 5]), .integers([7])]) { _ in
      .integers([-4, -11, -2])
    }
  }

  @OperatorCaseList private static var divisionCases: [OperatorCase] {
    OperatorCase(
      "truncating int32", "Div",
      inputs: [
        .integers([7, -7, 7, -7, -2_147_483_648], nil, .int32), .integers([2, 2, -2, -2, -1], nil, .int32),
      ]
    ) { _ in
      .integers([3, -3, -3, 3, -2_147_483_648], nil, .int32)
    }
    OperatorCase(
      "integers, sign of the divisor", "Mod", version: 13,
      inputs: [.integers([-4, 7, 5, 4, -7, 8]), .integers([2, -3, 8, -2, 3, 5])]
    ) { _ in
      .integers([0, -2, 5, 0, 2, 3])
    }
    OperatorCase(
      "integers, sign of the dividend", "Mod", version: 10,
      inputs: [.integers([-4, 7, 5, 4, -7, 8], nil, .int32), .integers([2, -3, 8, -2, 3, 5], nil, .int32)],
      attributes: [Attribute("fmod", 1)]
    ) { _ in
      .integers([0, 1, 5, 0, -1, 3], nil, .int32)
    }
    OperatorCase(
      "fmod", "Mod",
      inputs: [.of([-4.3, 7.2, 5.0, 4.3, -7.2, 8.1]), .of([2.1, -3.4, 8.0, -2.1, 3.4, 5.0])],
      attributes: [Attribute("fmod", 1)]
    ) {
      $0[0].zip($0[1]) { fmod($0, $1) }
    }
    OperatorCase(
      "floats, sign of the divisor", "Mod",
      inputs: [.of([-4.3, 7.2, 5.0, 4.3, -7.2, 8.1]), .of([2.1, -3.4, 8.0, -2.1, 3.4, 5.0])],
      tolerance: .ulp(1)
    ) {
      $0[0].zip($0[1]) { $0 - $1 * floor($0 / $1) }.map { $0 }
    }
  }

  @OperatorCaseList private static var powerCases: [OperatorCase] {
    OperatorCase(
      "positive base", "Pow", version: 12, inputs: [.uniform([3, 5], in: 0.2...3), .normal([5])],
      tolerance: .ulp(1)
    ) { $0[0].zip($0[1]) { pow($0, $1) } }
    OperatorCase(
      "square", "Pow", inputs: [.normal([3, 5]), .scalar(2)], tolerance: .ulp(1),
      gradient: .none("the exponent's gradient is not defined for negative bases")
    ) { $0[0].map { $0 * $0 } }
    OperatorCase("cube", "Pow", inputs: [.uniform([3, 5], in: 0.3...2), .of([3])], tolerance: .ulp(1.5)) {
      $0[0].map { $0 * $0 * $0 }
    }
    OperatorCase(
      "integer exponent", "Pow", inputs: [.normal([3, 3]), .integers([2, 3, -1])], tolerance: .ulp(1)
    ) { $0[0].zip($0[1]) { pow($0, $1) } }
    OperatorCase(
      "int32 exponent", "Pow", inputs: [.normal([4]), .integers([2], [], .int32)], tolerance: .ulp(1)
    ) { $0[0].map { $0 * $0 } }
    OperatorCase(
      "integer base", "Pow", inputs: [.integers([2, -3, 5, -1, 1, 2]), .integers([10, 3, 0, -3, -2, -1])]
    ) { _ in .integers([1024, -27, 1, -1, 1, 0]) }
    OperatorCase(
      "integer base, float exponent", "Pow",
      inputs: [.integers([4, 9, 2], nil, .int32), .of([0.5, 0.5, 40])],
      gradient: .none("the base is an integer")
    ) { _ in .integers([2, 3, 2_147_483_647], nil, .int32) }
  }

  @OperatorCaseList private static var extremeCases: [OperatorCase] {
    OperatorCase(
      "three operands", "Max", version: 8,
      inputs: [.normal([3, 5]), .normal([5], seed: 2), .normal([3, 1], seed: 3)]
    ) {
      $0[0].zip($0[1]) { max($0, $1) }.zip($0[2]) { max($0, $1) }
    }
    OperatorCase(
      "three operands", "Min", inputs: [.normal([3, 5]), .normal([5], seed: 2), .normal([3, 1], seed: 3)]
    ) {
      $0[0].zip($0[1]) { min($0, $1) }.zip($0[2]) { min($0, $1) }
    }
    OperatorCase("one operand", "Max", inputs: [.normal([7])]) { $0[0] }
    OperatorCase("NaN wins", "Max", inputs: [.of([.nan, 1, 2]), .of([0, .nan, 1])], gradient: .none("NaN")) {
      _ in .of([.nan, .nan, 2])
    }
    OperatorCase("NaN wins", "Min", inputs: [.of([.nan, 1, 2]), .of([0, .nan, 1])], gradient: .none("NaN")) {
      _ in .of([.nan, .nan, 1])
    }
    OperatorCase(
      "integers", "Min", version: 12,
      inputs: [.integers([3, -4, 5], nil, .int32), .integers([2, 2, 2], nil, .int32)]
    ) { _ in .integers([2, -4, 2], nil, .int32) }
  }

  @OperatorCaseList private static var functionCases: [OperatorCase] {
    for shape in [Shape([3, 5]), [], [1, 17]] {
      OperatorCase(
        "positive \(shape)", "Sqrt", version: 13, inputs: [.uniform(shape, in: 0.1...9)],
        tolerance: .ulp(0.5)
      ) { $0[0].map { $0.squareRoot() } }
      OperatorCase("normal \(shape)", "Exp", inputs: [.normal(shape)], tolerance: .ulp(2)) {
        $0[0].map { exp($0) }
      }
      OperatorCase("positive \(shape)", "Log", inputs: [.uniform(shape, in: 0.1...9)], tolerance: .ulp(1)) {
        $0[0].map { log($0) }
      }
      OperatorCase(
        "away from zero \(shape)", "Reciprocal", inputs: [.uniform(shape, in: 0.3...4)],
        tolerance: .ulp(0.5)
      ) { $0[0].map { 1 / $0 } }
      OperatorCase("normal \(shape)", "Neg", inputs: [.normal(shape)]) { $0[0].map { -$0 } }
      OperatorCase("normal \(shape)", "Abs", inputs: [.normal(shape)], gradient: .kinkAware(at: [0])) {
        $0[0].map { abs($0) }
      }
      OperatorCase("normal \(shape)", "Sin", inputs: [.normal(shape, scale: 3)], tolerance: .ulp(1)) {
        $0[0].map { sin($0) }
      }
      OperatorCase("normal \(shape)", "Cos", inputs: [.normal(shape, scale: 3)], tolerance: .ulp(1)) {
        $0[0].map { cos($0) }
      }
      OperatorCase(
        "normal \(shape)", "Floor", inputs: [.normal(shape, scale: 3)],
        gradient: .none("constant between integers")
      ) { $0[0].map { floor($0) } }
      OperatorCase(
        "normal \(shape)", "Ceil", inputs: [.normal(shape, scale: 3)],
        gradient: .none("constant between integers")
      ) { $0[0].map { ceil($0) } }
    }
    OperatorCase(
      "halves", "Round", version: 11, inputs: [.of([0.5, 1.5, 2.5, -0.5, -1.5, 1.2, -1.7])],
      gradient: .none("constant between halves")
    ) { _ in .of([0, 2, 2, 0, -2, 1, -2]) }
    OperatorCase("outside its domain", "Sqrt", inputs: [.of([-1, 0, .infinity])], gradient: .none("NaN")) {
      _ in .of([.nan, 0, .infinity])
    }
    OperatorCase("outside its domain", "Log", inputs: [.of([-1, 0, .infinity])], gradient: .none("NaN")) {
      _ in .of([.nan, -.infinity, .infinity])
    }
    OperatorCase("integers", "Neg", inputs: [.integers([3, -4, 0])]) { _ in .integers([-3, 4, 0]) }
    OperatorCase("the smallest integer", "Abs", inputs: [.integers([3, -4, -2_147_483_648], nil, .int32)]) {
      _ in .integers([3, 4, -2_147_483_648], nil, .int32)
    }
  }

  @OperatorCaseList private static var smallIntegerCases: [OperatorCase] {
    OperatorCase(
      "numbers", "Sign", inputs: [.of([-2, 0, 3, .nan, -0.0])], gradient: .none("no slope anywhere")
    ) { _ in
      .of([-1, 0, 1, .nan, 0])
    }
    OperatorCase("int64", "Sign", inputs: [.integers([-7, 0, 9])]) { _ in .integers([-1, 0, 1]) }
    for type in [ElementType.int8, .uint8] {
      let (low, high) = type == .int8 ? (-128.0, 127.0) : (0.0, 255.0)
      let (a, b) = (ReferenceTensor.of([7, 100, 3], nil, type), ReferenceTensor.of([2, 50, 3], nil, type))
      let wraps: @Sendable (Double) -> Double = { value in
        value > high ? value - 256 : value < low ? value + 256 : value
      }
      OperatorCase(type.name, "Add", inputs: [a, b]) { $0[0].zip($0[1]) { wraps($0 + $1) } }
      OperatorCase(type.name, "Sub", inputs: [b, a]) { $0[0].zip($0[1]) { wraps($0 - $1) } }
      OperatorCase(type.name, "Mul", inputs: [.of([7, 5, 3], nil, type), b]) {
        $0[0].zip($0[1]) { wraps($0 * $1) }
      }
      OperatorCase(type.name, "Div", inputs: [a, b]) { $0[0].zip($0[1]) { ($0 / $1).rounded(.towardZero) } }
      OperatorCase(type.name, "Mod", inputs: [a, b]) {
        $0[0].zip($0[1]) { $0 - $1 * ($0 / $1).rounded(.down) }
      }
      OperatorCase(type.name, "Max", inputs: [a, b]) { $0[0].zip($0[1]) { max($0, $1) } }
      OperatorCase(type.name, "Min", inputs: [a, b]) { $0[0].zip($0[1]) { min($0, $1) } }
      OperatorCase(type.name, "Sign", inputs: [a]) { $0[0].map { _ in 1 } }
      OperatorCase(type.name, "Abs", inputs: [a]) { $0[0] }
      OperatorCase(type.name, "Relu", inputs: [a]) { $0[0] }
      OperatorCase(type.name, "Clip", inputs: [a, .scalar(3, type), .scalar(50, type)]) {
        $0[0].map { min(max($0, 3), 50) }
      }
    }
    OperatorCase("int8", "Neg", inputs: [.of([-128, 5], nil, .int8)]) { _ in .of([-128, -5], nil, .int8) }
  }
}
