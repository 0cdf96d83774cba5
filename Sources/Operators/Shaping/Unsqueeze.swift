import Graphs
import Kernels
import Tensors

/// Unsqueeze (ai.onnx 1…): inserts axes of extent one at the given positions of the result.
///
/// Shapes: data [d…] → the same extents with 1 at each of `axes`.
/// Source: onnx/docs/Operators.md#Unsqueeze.
struct Unsqueeze: Rearranging, ShapeDeciding, WithoutAttributes, OlderForm {
  static let schema = OperatorSchema(
    "Unsqueeze", versions: 1..., inputs: ["data", "axes?"], outputs: ["expanded"])

  static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    try node.operandsWithAxes(since: 13)
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let shape = inputs[0].shape
    guard let count = try inputs.integers(1)?.count else {
      throw .invalid("lacks 'axes'")
    }
    guard shape.rank + count <= ValueType.largestRank else {
      throw .invalid("inserts \(count) axes, at most \(ValueType.largestRank) are implemented")
    }
    guard let inserted = try inputs.axes(1, rank: shape.rank + count) else {
      throw .invalid("lacks 'axes'")
    }
    var extents: [Int] = []
    var remaining = shape.extents[...]
    for axis in 0..<(shape.rank + count) {
      extents.append(inserted.contains(axis) ? 1 : remaining.removeFirst())
    }
    return [ValueType(inputs[0].elementType, Shape(extents))]
  }

  var shapeInputs: [Int] { [1] }

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
    [try gradient.reshape(try site.gradient(), to: gradient.shape(site.inputs[0])), nil]
  }
}
