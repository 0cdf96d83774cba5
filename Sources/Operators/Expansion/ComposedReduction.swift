import Graphs

/// An operator that reduces over axes and is said by other reductions and functions of elements.
///
/// Axes are an attribute below version 18, an operand from there on, as in the reductions that stand in its place, except
/// that ReduceSum has them as operand from version 13 on.
package protocol ComposedReduction: Composition {
  /// What the node says.
  var axes: ComposedAxes { get }

  init(axes: ComposedAxes)
}

/// The axes of a reduction as a node of a file gives them.
package struct ComposedAxes: Sendable {
  fileprivate let listed: [Int]?
  fileprivate let keepsAxes: Bool
  fileprivate let isNothingWhenEmpty: Bool
}

extension ComposedReduction {
  package init(reading node: AttributeReader) throws(OperatorError) {
    self.init(
      axes: ComposedAxes(
        listed: node.version < 18 ? try node.optionalInts("axes") : nil,
        keepsAxes: try node.flag("keepdims", default: true),
        isNothingWhenEmpty: node.version < 18 ? false : try node.flag("noop_with_empty_axes", default: false))
    )
  }

  package var decidingInputs: [Int] { [1] }

  /// A reduction of a value over the node's axes.
  ///
  /// - Parameter keepsAxes: whether they stay with extent 1; as the node says where it is nil.
  func reduce(_ type: String, _ value: String, keepsAxes: Bool? = nil, _ nodes: inout ComposedNodes)
    throws(OperatorError) -> String
  {
    let (inputs, attributes) = try form(of: type, value, keepsAxes ?? axes.keepsAxes, &nodes)
    return nodes.emit(type, inputs, attributes)
  }

  /// A reduction of a value over the node's axes, as the last node.
  func deliver(_ type: String, _ value: String, _ nodes: inout ComposedNodes) throws(OperatorError) {
    let (inputs, attributes) = try form(of: type, value, axes.keepsAxes, &nodes)
    nodes.deliver(type, inputs, attributes)
  }

  private func form(of type: String, _ value: String, _ keepsAxes: Bool, _ nodes: inout ComposedNodes)
    throws(OperatorError) -> (inputs: [String], attributes: [Attribute])
  {
    var inputs = [value]
    var attributes = [Attribute("keepdims", keepsAxes ? 1 : 0)]
    if axes.isNothingWhenEmpty { attributes.append(Attribute("noop_with_empty_axes", 1)) }
    if let operand = nodes.site.input(1) { inputs.append(operand) }
    if let listed = axes.listed {
      if type == "ReduceSum", nodes.site.operatorSet >= 13 {
        inputs.append(try nodes.integers(listed))
      } else {
        attributes.append(Attribute("axes", listed))
      }
    }
    return (inputs, attributes)
  }
}
