import Graphs
package import Kernels
package import Tensors

/// Sigmoid (ai.onnx 6…): the logistic function.
///
///     y = 1 / (1 + e^−x)          dx = dy · y · (1 − y)
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Sigmoid.
package struct Sigmoid: UnaryElementwise, WithoutAttributes {
  package static let schema = OperatorSchema("Sigmoid", versions: 6..., inputs: ["X"], outputs: ["Y"])

  /// The operator.
  package init() {}

  package func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.sigmoid, input, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let one = try gradient.scalar(1, like: site.outputs[0])
    let rest = try gradient.emit(Sub(), [one, site.outputs[0]])
    let slope = try gradient.emit(Mul(), [site.outputs[0], rest])
    return [try gradient.emit(Mul(), [try site.gradient(), slope])]
  }
}
