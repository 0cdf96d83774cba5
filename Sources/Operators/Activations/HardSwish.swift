import Graphs
import Kernels
import Tensors

/// HardSwish (ai.onnx 14…): x weighted by a line limited to 0 … 1.
///
///     y = x · h,  h = min(max(x / 6 + ½, 0), 1)          dx = dy · (h + x / 6 where −3 < x < 3)
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#HardSwish; Howard et al., MobileNetV3, 2019.
struct HardSwish: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("HardSwish", versions: 14..., inputs: ["X"], outputs: ["Y"])

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.activate(.hardSwish, input, into: output, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let x = site.inputs[0]
    let isAbove = try gradient.emit(Greater(), [x, try gradient.scalar(-3, like: x)])
    let isBelow = try gradient.emit(Less(), [x, try gradient.scalar(3, like: x)])
    let isInside = try gradient.emit(And(), [isAbove, isBelow])
    let sixth = try gradient.emit(Mul(), [x, try gradient.scalar(1.0 / 6, like: x)])
    let bend = try gradient.emit(Where(), [isInside, sixth, try gradient.scalar(0, like: x)])
    let weight = try gradient.emit(Add(), [sixth, try gradient.scalar(0.5, like: x)])
    let limited = try gradient.emit(
      Clip(), [weight, try gradient.scalar(0, like: x), try gradient.scalar(1, like: x)])
    let slope = try gradient.emit(Add(), [limited, bend])
    return [try gradient.emit(Mul(), [try site.gradient(), slope])]
  }
}
