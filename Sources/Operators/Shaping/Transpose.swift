package import Graphs
package import Kernels
import Tensors

/// Transpose (ai.onnx 1…): the axes in another order; reversed without `perm`.
///
///     y[i(perm 0), i(perm 1), …] = x[i0, i1, …]          dx = dy with the axes put back
///
/// Shapes: data [d0, d1, …] → [d(perm 0), d(perm 1), …].
/// Source: onnx/docs/Operators.md#Transpose.
package struct Transpose: Rearranging {
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

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let source = inputs[0].shape
    let strides = source.strides
    let block = DataMovement.Block(strides: order(rank: source.rank).map { strides[$0] })
    return .taking(block, of: inputs, into: try inferTypes(inputs)[0], options)
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
