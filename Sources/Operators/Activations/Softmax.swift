import Kernels

/// Softmax (ai.onnx 1…): distributions along an axis.
///
///     y = e^x / Σ e^x          dx = y · (dy − Σ dy · y)
///
/// The largest element is subtracted first. Below version 13 a distribution covers all axes from `axis` (1) on, from
/// there on only `axis` (−1). Shapes: input any → output like it. Source: onnx/docs/Operators.md#Softmax.
struct Softmax: DistributionOperator {
  typealias Gradient = SoftmaxGradient

  static let schema = OperatorSchema("Softmax", versions: 1..., inputs: ["input"], outputs: ["output"])

  let axes: SoftmaxAxes
}

/// The gradient of Softmax: see `DistributionGradient`.
struct SoftmaxGradient: DistributionGradient {
  static let schema = OperatorSchema(
    "SoftmaxGradient", domain: "dka.gradient", versions: 1..., inputs: ["Y", "dY"], outputs: ["dX"])
  static let isLogarithm = false

  let layout: Distribution.Layout

  func gradientInLayout(
    _ y: String, _ flow: String, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let product = try builder.emit("Mul", [flow, y])
    let sum = try builder.emit("ReduceSum", [product, try builder.constant([1])])
    return try builder.emit("Mul", [y, try builder.emit("Sub", [flow, sum])])
  }
}
