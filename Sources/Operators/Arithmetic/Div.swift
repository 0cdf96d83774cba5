import Graphs
package import Kernels
package import Tensors

/// Div (ai.onnx 7…): elementwise quotient.
///
///     c = a / b          da = dc / b,  db = −dc · c / b
///
/// Integers are truncated towards zero; an integer zero in B is an error.
/// Gradients of stretched operands are summed over the stretched axes. Shapes: A, B broadcastable → C.
/// Source: onnx/docs/Operators.md#Div.
package struct Div: BinaryElementwise, WithoutAttributes {
  package static let schema = OperatorSchema("Div", versions: 7..., inputs: ["A", "B"], outputs: ["C"])

  /// The operator.
  package init() {}

  package func apply(
    _ first: TensorView, _ second: TensorView, into output: TensorView, _ options: KernelOptions
  ) throws(OperatorError) {
    guard !Elementwise.containsZero(second) else { throw .invalid("divides integers by zero") }
    Elementwise.divide(first, second, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let share = try gradient.emit(Div(), [try site.gradient(), site.inputs[1]])
    var dB: String?
    if site.needs(1) {
      let product = try gradient.emit(Mul(), [share, site.outputs[0]])
      dB = try gradient.emit(Neg(), [try gradient.sum(product, toShapeOf: site.inputs[1])])
    }
    return [site.needs(0) ? try gradient.sum(share, toShapeOf: site.inputs[0]) : nil, dB]
  }
}
