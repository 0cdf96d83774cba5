import Graphs
import Kernels
import Tensors

/// Flatten (ai.onnx 1…): the axes before `axis` and those from it on, each as one.
///
/// Shapes: input [d0, …, dn] → [d0 · … · d(axis−1), d(axis) · … · dn].
/// Source: onnx/docs/Operators.md#Flatten.
struct Flatten: Rearranging {
  static let schema = OperatorSchema("Flatten", versions: 1..., inputs: ["input"], outputs: ["output"])

  let axis: Int

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: 1)
  }

  var attributes: [Attribute] { [Attribute("axis", axis)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let shape = inputs[0].shape
    let split = axis < 0 ? axis + shape.rank : axis
    guard split >= 0, split <= shape.rank else {
      throw .invalid("attribute 'axis' is \(axis), out of range for \(shape)")
    }
    let extents = [shape.product(0..<split), shape.product(split..<shape.rank)]
    return [ValueType(inputs[0].elementType, Shape(extents))]
  }

  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    results[result].flatMap { map.reshaped(to: $0.shape.extents) }
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    .copying(inputs)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.reshape(try site.gradient(), to: gradient.shape(site.inputs[0]))]
  }
}
