package import Kernels

/// LogSoftmax (ai.onnx 1…): logarithms of distributions along an axis.
///
///     y = x − ln Σ e^x          dx = dy − e^y · Σ dy
///
/// The largest element is subtracted first. Below version 13 a distribution covers all axes from `axis` (1) on, from
/// there on only `axis` (−1). Shapes: input any → output like it. Source: onnx/docs/Operators.md#LogSoftmax.
package struct LogSoftmax: DistributionOperator {
  package typealias Gradient = LogSoftmaxGradient

  package static let schema = OperatorSchema(
    "LogSoftmax", versions: 1..., inputs: ["input"], outputs: ["output"])

  package let axes: SoftmaxAxes

  package init(axes: SoftmaxAxes) { self.axes = axes }
}

/// The gradient of LogSoftmax: see `DistributionGradient`.
package struct LogSoftmaxGradient: DistributionGradient {
  package static let schema = OperatorSchema(
    "LogSoftmaxGradient", domain: "dka.gradient", versions: 1..., inputs: ["Y", "dY"], outputs: ["dX"])
  package static let isLogarithm = true

  package let layout: Distribution.Layout

  package init(layout: Distribution.Layout) { self.layout = layout }

  package func gradientInLayout(
    _ y: String, _ flow: String, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let sum = try builder.emit(ReduceSum(), [flow, try builder.constant([1])])
    let share = try builder.emit(Mul(), [try builder.emit(Exp(), [y]), sum])
    return try builder.emit(Sub(), [flow, share])
  }
}
