import Kernels

/// LogSoftmax (ai.onnx 1…): logarithms of distributions along an axis.
///
///     y = x − ln Σ e^x          dx = dy − e^y · Σ dy
///
/// The largest element is subtracted first. Below version 13 a distribution covers all axes from `axis` (1) on, from
/// there on only `axis` (−1). Shapes: input any → output like it. Source: onnx/docs/Operators.md#LogSoftmax.
struct LogSoftmax: DistributionOperator {
  typealias Gradient = LogSoftmaxGradient

  static let schema = OperatorSchema("LogSoftmax", versions: 1..., inputs: ["input"], outputs: ["output"])

  let axes: SoftmaxAxes
}

/// The gradient of LogSoftmax: see `DistributionGradient`.
struct LogSoftmaxGradient: DistributionGradient {
  static let schema = OperatorSchema(
    "LogSoftmaxGradient", domain: "dka.gradient", versions: 1..., inputs: ["Y", "dY"], outputs: ["dX"])
  static let isLogarithm = true

  let layout: Distribution.Layout

  func gradientInLayout(
    _ y: String, _ flow: String, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let sum = try builder.emit("ReduceSum", [flow, try builder.constant([1])])
    let share = try builder.emit("Mul", [try builder.emit("Exp", [y]), sum])
    return try builder.emit("Sub", [flow, share])
  }
}
