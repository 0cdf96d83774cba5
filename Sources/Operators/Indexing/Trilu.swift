import Graphs
import Kernels
import Tensors

/// Trilu (ai.onnx 14…): the upper or lower triangle of matrices, zeros elsewhere.
///
///     y[…, i, j] = x[…, i, j] where j ≥ i + k (upper) or j ≤ i + k (lower), else 0          dx = the same triangle of dy
///
/// Shapes: input [..., n, m], k one number → like input. Source: onnx/docs/Operators.md#Trilu.
struct Trilu: MemoryReusing {
  static let schema = OperatorSchema("Trilu", versions: 14..., inputs: ["input", "k?"], outputs: ["output"])

  let isUpper: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    isUpper = try node.flag("upper", default: true)
  }

  var attributes: [Attribute] { [Attribute("upper", isUpper ? 1 : 0)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    guard inputs[0].shape.rank >= 2 else {
      throw .invalid("input 0 has shape \(inputs[0].shape), expected matrices")
    }
    if let diagonal = inputs.optional(1) {
      try inputs.require(1, isOneOf: [.int64])
      guard diagonal.shape.elementCount == 1 else {
        throw .invalid("input 1 has shape \(diagonal.shape), expected one number")
      }
    }
    return [inputs[0]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let isUpper = isUpper
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      let diagonal = operands.optional(1)?.tensor.integers?.first ?? 0
      DataMovement.copy(operands[0], into: operands.output(0))
      DataMovement.keepTriangle(operands.output(0), isUpper: isUpper, diagonal: diagonal)
    }
  }

  var reusableInputs: [Int] { [0] }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(self, [try site.gradient()] + site.inputs.dropFirst()), nil]
  }
}
