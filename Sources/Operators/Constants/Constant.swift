import Graphs
import Kernels
import Tensors

/// Constant (ai.onnx 1…): a tensor, or numbers, from an attribute.
///
/// Strings and sparse tensors are refused. Shapes: → output as the attribute says; `value_float` and `value_int` are
/// scalars, `value_floats` and `value_ints` vectors. Source: onnx/docs/Operators.md#Constant.
struct Constant: Operator {
  static let schema = OperatorSchema("Constant", versions: 1..., inputs: [], outputs: ["output"])

  let value: Tensor

  init(reading node: AttributeReader) throws(OperatorError) {
    for name in ["sparse_value", "value_string", "value_strings"] where node.has(name) {
      throw .unsupported("attribute '\(name)' is not computed with")
    }
    node.knows("value", "value_float", "value_floats", "value_int", "value_ints")
    if let tensor = try node.optionalTensor("value") {
      guard tensor.elementType.isComputable else {
        throw .unsupported("holds \(tensor.elementType.name), which is not computed with")
      }
      value = tensor
    } else if let number = try node.optionalFloat("value_float") {
      value = try Self.tensor([number], shape: [])
    } else if let numbers = try node.optionalFloats("value_floats") {
      value = try Self.tensor(numbers, shape: Shape([numbers.count]))
    } else if let number = try node.optionalInt("value_int") {
      value = try Self.tensor([Int64(number)], shape: [])
    } else if let numbers = try node.optionalInts("value_ints") {
      value = try Self.tensor(numbers.map(Int64.init), shape: Shape([numbers.count]))
    } else {
      throw .invalid("lacks an attribute with its value")
    }
  }

  var attributes: [Attribute] { [Attribute("value", .tensor(TensorConstant(name: "", value)))] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [ValueType(value.elementType, value.shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      DataMovement.copy(TensorView(value), into: operands.output(0))
    }
  }

  private static func tensor<Element: Scalar>(_ elements: [Element], shape: Shape) throws(OperatorError)
    -> Tensor
  {
    do { return try Tensor(elements, shape: shape) } catch {
      throw OperatorError(.outOfMemory, "no memory for \(elements.count) elements")
    }
  }
}
