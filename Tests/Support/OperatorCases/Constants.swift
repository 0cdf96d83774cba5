import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Constants.
  package static let constants: [OperatorCase] = castCases + tensorCases + shapeCases

  private static func to(_ type: ElementType) -> [Attribute] { [Attribute("to", Int(type.rawValue))] }

  @OperatorCaseList private static var castCases: [OperatorCase] {
    OperatorCase(
      "beside the main diagonal", "EyeLike", version: 9, inputs: [.normal([3, 4])],
      attributes: [Attribute("k", 1)],
      gradient: .none("nothing flows into a shape")
    ) { _ in .make([3, 4]) { $0[1] == $0[0] + 1 ? 1 : 0 } }
    OperatorCase(
      "below, of int32", "EyeLike", inputs: [.integers([0, 0, 0, 0, 0, 0], [3, 2])],
      attributes: [Attribute("k", -2)] + [Attribute("dtype", Int(ElementType.int32.rawValue))]
    ) { _ in .integers([0, 0, 0, 0, 1, 0], [3, 2], .int32) }
    OperatorCase("of truth values", "EyeLike", inputs: [.booleans([false, false, true, true], [2, 2])]) { _ in
      .booleans([true, false, false, true], [2, 2])
    }
    OperatorCase(
      "float to int8", "Cast", inputs: [.of([1.9, -1.9, 300, -300, .nan])], attributes: to(.int8),
      gradient: .none("an integer")
    ) { _ in .integers([1, -1, 127, -128, 0], nil, .int8) }
    OperatorCase(
      "int64 to uint8", "Cast", inputs: [.integers([5, -1, 258])], attributes: to(.uint8)
    ) { _ in .integers([5, 255, 2], nil, .uint8) }
    OperatorCase(
      "uint8 to float", "Cast", inputs: [.integers([5, 255], nil, .uint8)], attributes: to(.float32)
    ) { _ in
      .of([5, 255])
    }
    OperatorCase(
      "float to int64", "Cast", version: 9, inputs: [.of([1.9, -1.9, 0, .nan, .infinity, -1e30])],
      attributes: to(.int64), gradient: .none("an integer"), runsInFloat64: false
    ) { _ in
      // The largest int64 is no Double; its conversion is checked in int32.
      .of([1, -1, 0, 0, 0x1p63, -0x1p63], nil, .int64)
    }
    OperatorCase(
      "float to int32", "Cast", inputs: [.of([1.9, -1.9, 3e9, -3e9, .nan])], attributes: to(.int32),
      gradient: .none("an integer")
    ) { _ in .integers([1, -1, 2_147_483_647, -2_147_483_648, 0], nil, .int32) }
    OperatorCase(
      "float to bool", "Cast", inputs: [.of([0, -0.0, 0.5, .nan])], attributes: to(.bool),
      gradient: .none("a truth value")
    ) { _ in .booleans([false, false, true, true]) }
    OperatorCase(
      "int64 to int32", "Cast", inputs: [.integers([5, -5, 4_294_967_297])], attributes: to(.int32)
    ) { _ in .integers([5, -5, 1], nil, .int32) }
    OperatorCase("int64 to float", "Cast", inputs: [.integers([5, -5])], attributes: to(.float32)) { _ in
      .of([5, -5])
    }
    OperatorCase(
      "int32 to double", "Cast", inputs: [.integers([5, -5], nil, .int32)], attributes: to(.float64)
    ) { _ in .of([5, -5], nil, .float64) }
    OperatorCase("int32 to bool", "Cast", inputs: [.integers([5, 0], nil, .int32)], attributes: to(.bool)) {
      _ in .booleans([true, false])
    }
    OperatorCase("bool to float", "Cast", inputs: [.booleans([true, false])], attributes: to(.float32)) { _ in
      .of([1, 0])
    }
    OperatorCase("bool to int64", "Cast", inputs: [.booleans([true, false])], attributes: to(.int64)) { _ in
      .integers([1, 0])
    }
    OperatorCase("to double", "Cast", inputs: [.normal([3, 5])], attributes: to(.float64)) {
      $0[0].typed(.float64)
    }
    OperatorCase(
      "double to float", "Cast", inputs: [.of([0.1, 1e300, -1e-300], nil, .float64)],
      attributes: to(.float32), tolerance: .ulp(0.5)
    ) { _ in .of([0.1, .infinity, 0]) }
    OperatorCase(
      "to int32", "CastLike", version: 15, inputs: [.of([1.5, -2.5]), .integers([], nil, .int32)],
      gradient: .none("an integer")
    ) { _ in .integers([1, -2], nil, .int32) }
    OperatorCase("to double", "CastLike", inputs: [.normal([3, 5]), .integers([1], nil).typed(.float64)]) {
      $0[0].typed(.float64)
    }
    OperatorCase("numbers", "Identity", version: 7, inputs: [.normal([3, 5])]) { $0[0] }
    OperatorCase("truth values", "Identity", inputs: [.booleans([true, false])]) { $0[0] }
  }

  private static func tensor(_ value: ReferenceTensor) -> [Attribute] {
    guard let tensor = try? value.tensor(.float32) else {
      preconditionFailure("no memory for a small tensor")
    }
    return [Attribute("value", .tensor(TensorConstant(name: "", tensor)))]
  }

  @OperatorCaseList private static var tensorCases: [OperatorCase] {
    OperatorCase("tensor", "Constant", version: 7, attributes: tensor(.of([1, 2, 3, 4], [2, 2]))) { _ in
      .of([1, 2, 3, 4], [2, 2])
    }
    OperatorCase("truth values", "Constant", attributes: tensor(.booleans([true, false]))) { _ in
      .booleans([true, false])
    }
    OperatorCase("float", "Constant", version: 13, attributes: [Attribute("value_float", Float(2.5))]) { _ in
      .scalar(2.5)
    }
    OperatorCase("floats", "Constant", attributes: [Attribute("value_floats", .floats([2.5, -1]))]) { _ in
      .of([2.5, -1])
    }
    OperatorCase("int", "Constant", attributes: [Attribute("value_int", 7)]) { _ in .scalar(7, .int64) }
    OperatorCase("ints", "Constant", attributes: [Attribute("value_ints", [7, -3])]) { _ in
      .integers([7, -3])
    }
    OperatorCase("zeros", "ConstantOfShape", version: 9, inputs: [.integers([2, 3])]) { _ in
      .of([0, 0, 0, 0, 0, 0], [2, 3])
    }
    OperatorCase("int64", "ConstantOfShape", inputs: [.integers([3])], attributes: tensor(.integers([7]))) {
      _ in .integers([7, 7, 7])
    }
    OperatorCase(
      "truth values", "ConstantOfShape", inputs: [.integers([2])], attributes: tensor(.booleans([true]))
    ) { _ in .booleans([true, true]) }
    OperatorCase("a scalar", "ConstantOfShape", inputs: [.integers([])], attributes: tensor(.of([2.5]))) {
      _ in .scalar(2.5)
    }
    OperatorCase("no elements", "ConstantOfShape", inputs: [.integers([2, 0])]) { _ in .of([], [2, 0]) }
  }

  private static func range(_ name: String, _ numbers: [Double], _ type: ElementType, _ expected: [Double])
    -> OperatorCase
  {
    OperatorCase(name, "Range", version: 11, inputs: numbers.map { .scalar($0, type) }, tolerance: .ulp(1)) {
      _ in .of(expected, nil, type)
    }
  }

  @OperatorCaseList private static var shapeCases: [OperatorCase] {
    range("int64", [1, 10, 3], .int64, [1, 4, 7])
    range("descending", [10, 4, -2], .int32, [10, 8, 6])
    range("step −1", [2, -1, -1], .int64, [2, 1, 0])
    range("nothing", [5, 1, 1], .int64, [])
    range("nothing, step −1", [1, 5, -1], .int64, [])
    range("rounded up", [0, 7, 3], .int64, [0, 3, 6])
    range("float", [1, 2.1, 0.5], .float32, [1, 1.5, 2])
    range("double", [0, -1, -0.25], .float64, [0, -0.25, -0.5, -0.75])
    OperatorCase(
      "all extents", "Shape", version: 13, inputs: [.normal([2, 3, 4])], gradient: .none("integers")
    ) { _ in .integers([2, 3, 4]) }
    OperatorCase(
      "from 1", "Shape", version: 15, inputs: [.normal([2, 3, 4])], attributes: [Attribute("start", 1)],
      gradient: .none("integers")
    ) { _ in .integers([3, 4]) }
    OperatorCase(
      "up to −1", "Shape", inputs: [.normal([2, 3, 4])], attributes: [Attribute("end", -1)],
      gradient: .none("integers")
    ) { _ in .integers([2, 3]) }
    OperatorCase(
      "clipped", "Shape", inputs: [.normal([2, 3, 4])],
      attributes: [Attribute("start", -10), Attribute("end", 10)], gradient: .none("integers")
    ) { _ in .integers([2, 3, 4]) }
    OperatorCase(
      "crossed", "Shape", inputs: [.normal([2, 3, 4])],
      attributes: [Attribute("start", 2), Attribute("end", 1)], gradient: .none("integers")
    ) { _ in .integers([]) }
    OperatorCase("count", "Size", version: 13, inputs: [.normal([2, 3, 4])], gradient: .none("integers")) {
      _ in .scalar(24, .int64)
    }
  }
}
