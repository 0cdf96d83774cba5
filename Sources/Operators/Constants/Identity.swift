import Graphs
import Kernels
import Tensors

/// Identity (ai.onnx 1…): the operand itself.
///
///     y = x          dx = dy
///
/// Shapes: input any → output like it. Source: onnx/docs/Operators.md#Identity.
struct Identity: Rearranging, WithoutAttributes {
  static let schema = OperatorSchema("Identity", versions: 1..., inputs: ["input"], outputs: ["output"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] { [inputs[0]] }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    .copying(inputs)
  }

  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    map
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try site.gradient()]
  }
}
