import Graphs
import Kernels
import Tensors

/// ConstantOfShape (ai.onnx 9…): a tensor of one repeated value, 0 in float32 unless attribute `value` says else.
///
/// Shapes: input [r], known before the model runs → r axes. Source: onnx/docs/Operators.md#ConstantOfShape.
struct ConstantOfShape: ShapeDeciding {
  static let schema = OperatorSchema(
    "ConstantOfShape", versions: 9..., inputs: ["input"], outputs: ["output"])

  let value: Tensor?

  init(reading node: AttributeReader) throws(OperatorError) {
    value = try node.optionalTensor("value")
    guard let value else { return }
    guard value.shape.elementCount == 1 else {
      throw .invalid("attribute 'value' has shape \(value.shape), expected one element")
    }
    guard value.elementType.isComputable else {
      throw .unsupported("holds \(value.elementType.name), which is not computed with")
    }
  }

  var attributes: [Attribute] {
    value.map { [Attribute("value", .tensor(TensorConstant(name: "", $0)))] } ?? []
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    guard let extents = try inputs.integers(0) else { throw .invalid("lacks input 0 (shape)") }
    guard let shape = Shape(checking: extents) else {
      throw .invalid("asks for the impossible shape \(extents)")
    }
    return [ValueType(value?.elementType ?? .float32, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      if let value {
        Sequences.fill(operands.output(0), with: TensorView(value))
      } else {
        Sequences.fillWithZeros(operands.output(0))
      }
    }
  }

  var shapeInputs: [Int] { [0] }
}
