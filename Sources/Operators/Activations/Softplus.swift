import Graphs
package import Kernels
package import Tensors

/// Softplus (ai.onnx 1…): a smooth positive part.
///
///     y = ln(1 + e^x)          dx = dy / (1 + e^−x)
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#Softplus.
package struct Softplus: UnaryElementwise, WithoutAttributes {
  package static let schema = OperatorSchema("Softplus", versions: 1..., inputs: ["X"], outputs: ["Y"])

  /// The operator.
  package init() {}

  package func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.activate(.softplus, input, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let slope = try gradient.emit(Sigmoid(), [site.inputs[0]])
    return [try gradient.emit(Mul(), [try site.gradient(), slope])]
  }
}
