import Graphs
import Kernels
import Tensors

/// Size (ai.onnx 1…): the number of elements of an operand.
///
/// Shapes: data any → [] of int64. Source: onnx/docs/Operators.md#Size.
struct Size: MovesElements, WithoutAttributes {
  static let schema = OperatorSchema("Size", versions: 1..., inputs: ["data"], outputs: ["size"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] { [ValueType(.int64, [])] }

  func valuesDecidedByTypes(_ inputs: InputTypes) -> [Int]? { [inputs[0].shape.elementCount] }

  func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    Sequences.write([operands[0].count], into: operands.output(0))
  }
}
