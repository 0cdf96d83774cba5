package import Graphs
package import Kernels
import Tensors

/// Rule kind for where an extreme element stands along one axis.
///
/// Nothing flows back through a position.
package protocol PositionReduction: Operator {
  /// Whether the largest element is looked for.
  static var isLargest: Bool { get }
  /// What the node says.
  var form: PositionForm { get }

  init(form: PositionForm)
}

/// Along which axis, whether it stays with extent 1, and which of equal elements counts.
package struct PositionForm: Sendable {
  let axis: Int
  let keepsAxis: Bool
  let selectsLast: Bool
}

extension PositionReduction {
  package init(reading node: AttributeReader) throws(OperatorError) {
    self.init(
      form: PositionForm(
        axis: try node.int("axis", default: 0), keepsAxis: try node.flag("keepdims", default: true),
        selectsLast: node.version >= 12 ? try node.flag("select_last_index", default: false) : false))
  }

  package var attributes: [Attribute] {
    [
      Attribute("axis", form.axis), Attribute("keepdims", form.keepsAxis ? 1 : 0),
      Attribute("select_last_index", form.selectsLast ? 1 : 0),
    ]
  }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: ElementType.numbers)
    let axis = try inputs.axis(form.axis)
    var extents = inputs[0].shape.extents
    guard extents[axis] > 0 else { throw .invalid("axis \(axis) of \(inputs[0].shape) has no elements") }
    if form.keepsAxis { extents[axis] = 1 } else { extents.remove(at: axis) }
    return [ValueType(.int64, Shape(extents))]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let shape = inputs[0].shape
    let axis = try inputs.axis(form.axis)
    let (outer, inner) = (shape.product(0..<axis), shape.product((axis + 1)..<shape.rank))
    let last = form.selectsLast
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      ExtremePosition.find(
        operands[0], outer: outer, extent: shape[axis], inner: inner, isLargest: Self.isLargest, last: last,
        into: operands.output(0), options)
    }
  }
}
