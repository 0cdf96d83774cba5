import Graphs
import Kernels
import Tensors

/// EyeLike (ai.onnx 9…): ones on a diagonal, else zeros, in the shape of the operand.
///
///     y[i, j] = 1 where j = i + k, else 0
///
/// Shapes: input [n, m] → output [n, m] of `dtype`, or of the operand's type. Source: onnx/docs/Operators.md#EyeLike.
struct EyeLike: Operator {
  static let schema = OperatorSchema("EyeLike", versions: 9..., inputs: ["input"], outputs: ["output"])

  let diagonal: Int
  let type: ElementType?

  init(reading node: AttributeReader) throws(OperatorError) {
    diagonal = try node.int("k", default: 0)
    type = try node.optionalElementType("dtype")
    if let type, !type.isComputable {
      throw .unsupported("attribute 'dtype' is \(type.name), which is not computed with")
    }
  }

  var attributes: [Attribute] {
    [Attribute("k", diagonal)] + (type.map { [Attribute("dtype", Int($0.rawValue))] } ?? [])
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    guard inputs[0].shape.rank == 2 else {
      throw .invalid("input 0 has shape \(inputs[0].shape), expected a matrix")
    }
    return [ValueType(type ?? inputs[0].elementType, inputs[0].shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let diagonal = diagonal
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      Sequences.fillWithIdentity(operands.output(0), diagonal: diagonal)
    }
  }
}
