import Graphs
import Kernels
import Tensors

/// Floor (ai.onnx 6…): the next integer not above x.
///
///     y = ⌊x⌋          dx = 0 wherever there is a slope
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Floor.
struct Floor: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Floor", versions: 6..., inputs: ["X"], outputs: ["Y"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(.floor, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [nil]
  }
}
