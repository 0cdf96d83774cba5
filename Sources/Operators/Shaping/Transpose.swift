package import Graphs
import Kernels
import Tensors

/// Transpose (ai.onnx 1…): the axes in another order; reversed without `perm`.
///
///     y[i(perm 0), i(perm 1), …] = x[i0, i1, …]          dx = dy with the axes put back
///
/// Shapes: data [d0, d1, …] → [d(perm 0), d(perm 1), …].
/// Source: onnx/docs/Operators.md#Transpose.
package struct Transpose: MovesElements, Rearranging {
  package static let schema = OperatorSchema(
    "Transpose", versions: 1..., inputs: ["data"], outputs: ["transposed"])

  package let permutation: [Int]?

  /// The operand's axis at each of the result's.
  package init(_ permutation: [Int]) { self.permutation = permutation }

  package init(reading node: AttributeReader) throws(OperatorError) {
    permutation = try node.optionalInts("perm")
  }

  package var attributes: [Attribute] { permutation.map { [Attribute("perm", $0)] } ?? [] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let shape = inputs[0].shape
    let order = order(rank: shape.rank)
    guard order.sorted() == Array(0..<shape.rank) else {
      throw .invalid("attribute 'perm' \(order) is no order of the axes of \(shape)")
    }
    return [ValueType(inputs[0].elementType, Shape(order.map { shape.extents[$0] }))]
  }

  package func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    map.transposed(order(rank: map.axes.count))
  }

  package func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    let source = operands[0]
    let target = operands.output(0)
    let strides = source.shape.strides
    DataMovement.copy(
      source, DataMovement.Block(strides: order(rank: source.shape.rank).map { strides[$0] }), into: target,
      DataMovement.Block(strides: target.shape.strides), extents: target.shape.extents, context.options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let order = order(rank: gradient.shape(site.inputs[0]).rank)
    var inverse = order
    for (position, axis) in order.enumerated() { inverse[axis] = position }
    return [try gradient.emit(Transpose(inverse), [try site.gradient()])]
  }

  /// The operand's axis at each of the result's.
  package func order(rank: Int) -> [Int] { permutation ?? Array((0..<rank).reversed()) }
}
