import Graphs
package import Kernels
package import Tensors

/// Sub (ai.onnx 7…): elementwise difference.
///
///     c = a − b          da = dc,  db = −dc
///
/// Gradients of stretched operands are summed over the stretched axes. Shapes: A, B broadcastable → C.
/// Source: onnx/docs/Operators.md#Sub.
package struct Sub: BinaryElementwise, WithoutAttributes {
  package static let schema = OperatorSchema("Sub", versions: 7..., inputs: ["A", "B"], outputs: ["C"])

  package init() {}

  package func apply(
    _ first: TensorView, _ second: TensorView, into output: TensorView, _ options: KernelOptions
  ) throws(OperatorError) {
    Elementwise.subtract(first, second, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dC = try site.gradient()
    var dB: String?
    if site.needs(1) {
      // Summing first leaves fewer elements to negate.
      dB = try gradient.emit(Neg(), [try gradient.sum(dC, toShapeOf: site.inputs[1])])
    }
    return [site.needs(0) ? try gradient.sum(dC, toShapeOf: site.inputs[0]) : nil, dB]
  }
}
