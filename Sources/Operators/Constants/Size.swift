import Graphs
import Kernels
import Tensors

/// Size (ai.onnx 1…): the number of elements of an operand.
///
/// Shapes: data any → [] of int64. Source: onnx/docs/Operators.md#Size.
struct Size: DecidedByTypes, WithoutAttributes {
  static let schema = OperatorSchema("Size", versions: 1..., inputs: ["data"], outputs: ["size"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] { [ValueType(.int64, [])] }

  func valuesDecidedByTypes(_ inputs: InputTypes) -> [Int] { [inputs[0].shape.elementCount] }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let count = inputs[0].shape.elementCount
    return BoundKernel(inputs, .movement) { operands in Sequences.write([count], into: operands.output(0)) }
  }
}
