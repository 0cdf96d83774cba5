import Graphs
package import Kernels
package import Tensors

/// Relu (ai.onnx 6…): the positive part.
///
///     y = max(x, 0)          dx = dy where y > 0, else 0
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Relu.
package struct Relu: UnaryElementwise, WithoutAttributes {
  package static let schema = OperatorSchema("Relu", versions: 6..., inputs: ["X"], outputs: ["Y"])
  package static let elementTypes: [ElementType] = [.float32, .float64, .int64, .int32]

  package init() {}

  package func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.relu(input, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let zero = try gradient.scalar(0, like: site.outputs[0])
    let isPositive = try gradient.emit(Greater(), [site.outputs[0], zero])
    return [try gradient.emit(Where(), [isPositive, try site.gradient(), zero])]
  }
}
