import Graphs
import Kernels
import Tensors

/// CastLike (ai.onnx 15…): the first operand's elements in the second one's type; conversion as in Cast.
///
/// Shapes: input any, target_type any → output like input. Source: onnx/docs/Operators.md#CastLike.
struct CastLike: WithoutAttributes, TypedByOperand {
  static let schema = OperatorSchema(
    "CastLike", versions: 15..., inputs: ["input", "target_type"], outputs: ["output"])

  init() {}

  init(reading node: AttributeReader) throws(OperatorError) { node.knows("saturate", "round_mode") }

  var typingOperand: Int { 1 }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: ElementType.numbers + [.bool])
    try inputs.require(1, isOneOf: ElementType.numbers + [.bool])
    return [ValueType(inputs[1].elementType, inputs[0].shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      Elementwise.convert(operands[0], into: operands.output(0), options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard gradient.type(site.inputs[0]).elementType.isFloatingPoint else { return [nil, nil] }
    return [try gradient.cast(try site.gradient(), like: site.inputs[0]), nil]
  }
}
