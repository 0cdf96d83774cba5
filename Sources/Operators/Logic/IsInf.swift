import Graphs
import Kernels
import Tensors

/// IsInf (ai.onnx 10…): whether an element is infinite; `detect_negative` and `detect_positive` leave one side out.
///
/// Shapes: X any → Y of truth values, like X. Source: onnx/docs/Operators.md#IsInf.
struct IsInf: Operator {
  static let schema = OperatorSchema("IsInf", versions: 10..., inputs: ["X"], outputs: ["Y"])

  let findsNegative: Bool
  let findsPositive: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    findsNegative = try node.flag("detect_negative", default: true)
    findsPositive = try node.flag("detect_positive", default: true)
  }

  var attributes: [Attribute] {
    [
      Attribute("detect_negative", findsNegative ? 1 : 0),
      Attribute("detect_positive", findsPositive ? 1 : 0),
    ]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    return [ValueType(.bool, inputs[0].shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (negative, positive) = (findsNegative, findsPositive)
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      Elementwise.isInfinite(
        operands[0], negative: negative, positive: positive, into: operands.output(0), options)
    }
  }
}
