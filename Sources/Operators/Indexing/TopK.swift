import Graphs
import Kernels
import Tensors

/// TopK (ai.onnx 1…): the k largest or smallest elements along an axis in order, and where they stand.
///
///     dx[…, indices[…, i, …], …] = dvalues[…, i, …]
///
/// Of equal elements the first comes first; without `sorted`, too, they are in order. Shapes: X [a…, n, b…], K one number, known
/// before the model runs (below version 10 an attribute) → Values and Indices [a…, k, b…].
/// Source: onnx/docs/Operators.md#TopK.
struct TopK: ShapeDeciding, OlderForm {
  static let schema = OperatorSchema(
    "TopK", versions: 1..., inputs: ["X", "K?"], outputs: ["Values", "Indices?"])

  let axis: Int
  let isLargest: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: -1)
    isLargest = node.version >= 11 ? try node.flag("largest", default: true) : true
    node.knows("sorted")
  }

  static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    node.version >= 10 ? node.operands : node.operands.prefix(1) + [.integers([try node.int("k")])]
  }

  var attributes: [Attribute] { [Attribute("axis", axis), Attribute("largest", isLargest ? 1 : 0)] }

  var shapeInputs: [Int] { [1] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: ElementType.numbers)
    let axis = try inputs.axis(axis)
    var extents = inputs[0].shape.extents
    guard let count = try inputs.integers(1), count.count == 1, (0...extents[axis]).contains(count[0]) else {
      throw .invalid("input 1 (K) is no number from 0 to \(extents[axis])")
    }
    extents[axis] = count[0]
    return [ValueType(inputs[0].elementType, Shape(extents)), ValueType(.int64, Shape(extents))]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let shape = inputs[0].shape
    let axis = try inputs.axis(axis)
    let count = try inferTypes(inputs)[0].shape[axis]
    let isLargest = isLargest
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      Selection.extremes(
        operands[0], outer: shape.product(0..<axis), extent: shape[axis],
        inner: shape.product((axis + 1)..<shape.rank), count: count, isLargest: isLargest,
        into: operands.output(0), operands.optionalOutput(1), options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let named = site.outputs.count > 1 && !site.outputs[1].isEmpty
    let indices = named ? site.outputs[1] : try gradient.emit(self, site.inputs, resultCount: 2)[1]
    let zeros = try gradient.zeros(like: site.inputs[0])
    let scatter = ScatterElements(axis: axis, .add)
    return [try gradient.emit(scatter, [zeros, indices, try site.gradient()]), nil]
  }
}
