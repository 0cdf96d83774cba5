package import Kernels
package import Tensors

/// Softmax (ai.onnx 1…): distributions along an axis.
///
///     y = e^x / Σ e^x          dx = y · (dy − Σ dy · y)
///
/// The largest element is subtracted first. Below version 13 a distribution covers all axes from `axis` (1) on, from
/// there on only `axis` (−1). Shapes: input any → output like it. Source: onnx/docs/Operators.md#Softmax.
package struct Softmax: DistributionOperator {
  package typealias Gradient = SoftmaxGradient

  package static let schema = OperatorSchema(
    "Softmax", versions: 1..., inputs: ["input"], outputs: ["output"])

  package let axes: SoftmaxAxes

  package init(axes: SoftmaxAxes) { self.axes = axes }

  /// Distributions along one axis.
  package init(axis: Int) { axes = SoftmaxAxes(axis) }

  /// Whether a distribution is a run of the last axis of a value.
  package func isOverLastAxis(of shape: Shape) -> Bool { axes.isLast(of: shape) }
}

/// The gradient of Softmax: see `DistributionGradient`.
package struct SoftmaxGradient: DistributionGradient {
  package static let schema = OperatorSchema(
    "SoftmaxGradient", domain: "dka.gradient", versions: 1..., inputs: ["Y", "dY"], outputs: ["dX"])
  package static let isLogarithm = false

  package let layout: Distribution.Layout

  package init(layout: Distribution.Layout) { self.layout = layout }

  package func gradientInLayout(
    _ y: String, _ flow: String, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let product = try builder.emit(Mul(), [flow, y])
    let sum = try builder.emit(ReduceSum(), [product, try builder.constant([1])])
    return try builder.emit(Mul(), [y, try builder.emit(Sub(), [flow, sum])])
  }
}
