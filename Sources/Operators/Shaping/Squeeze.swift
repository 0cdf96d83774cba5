import Graphs
import Kernels
import Tensors

/// Squeeze (ai.onnx 1…): drops axes of extent one; all of them where `axes` is absent.
///
/// Shapes: data with extent 1 at each of the axes → data without them.
/// Source: onnx/docs/Operators.md#Squeeze.
struct Squeeze: Rearranging, ShapeDeciding, WithoutAttributes, OlderForm {
  static let schema = OperatorSchema(
    "Squeeze", versions: 1..., inputs: ["data", "axes?"], outputs: ["squeezed"])

  static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    try node.operandsWithAxes(since: 13)
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let shape = inputs[0].shape
    let dropped =
      try inputs.axes(1, rank: shape.rank) ?? (0..<shape.rank).filter { shape.extents[$0] == 1 }
    for axis in dropped where shape.extents[axis] != 1 {
      throw .invalid("axis \(axis) of \(shape) can't be dropped, its extent is not 1")
    }
    let kept = (0..<shape.rank).filter { !dropped.contains($0) }.map { shape.extents[$0] }
    return [ValueType(inputs[0].elementType, Shape(kept))]
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
