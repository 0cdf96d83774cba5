import Graphs
package import Kernels
import Tensors

/// Where (ai.onnx 9…): one of two operands, element by element.
///
///     y = a where the condition holds, else b          da = dy where it holds,  db = dy where not
///
/// Shapes: condition, X, Y broadcastable → output. Source: onnx/docs/Operators.md#Where.
package struct Where: MemoryReusing, WithoutAttributes {
  package static let schema = OperatorSchema(
    "Where", versions: 9..., inputs: ["condition", "X", "Y"], outputs: ["output"])

  /// The operator.
  package init() {}

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.bool])
    for index in 1..<3 { try inputs.require(index, isOneOf: ElementType.numbers + [.bool]) }
    try inputs.requireSameType(1..<3)
    return [ValueType(inputs[1].elementType, try Broadcasting.shape(of: inputs, 0..<3))]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      Elementwise.choose(operands[0], operands[1], operands[2], into: operands.output(0), options)
    }
  }

  package var reusableInputs: [Int] { [1, 2] }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let zero = try gradient.scalar(0, like: dY)
    var results: [String?] = [nil, nil, nil]
    if site.needs(1) {
      let part = try gradient.emit(Where(), [site.inputs[0], dY, zero])
      results[1] = try gradient.sum(part, toShapeOf: site.inputs[1])
    }
    if site.needs(2) {
      let part = try gradient.emit(Where(), [site.inputs[0], zero, dY])
      results[2] = try gradient.sum(part, toShapeOf: site.inputs[2])
    }
    return results
  }
}
