package import Operators
import Graphs
import Tensors

/// A value described as a window into the memory of another one, its root.
package struct StridedView: Hashable, Sendable {
  /// The value whose memory is looked into.
  package var root: String
  /// Where the elements lie within the root.
  package var map: StridedMap
  /// What the root's elements are multiplied with.
  package var scale: Double

  /// The whole of a row-major value.
  package init(root: String, extents: [Int]) { self.init(root: root, map: StridedMap(extents: extents)) }

  /// A window that shows elements as they are.
  package init(root: String, map: StridedMap, scale: Double = 1) {
    (self.root, self.map, self.scale) = (root, map, scale)
  }

  /// First element within the root.
  package var offset: Int { map.offset }
  /// Factors per axis.
  package var axes: [[StridedFactor]] { map.axes }
  /// Extent per axis.
  package var extents: [Int] { map.extents }

  /// Whether the elements stand in memory in the order of the axes, from the first on without gaps.
  package var isDense: Bool { map.isDense }

  /// The axes in another order.
  package func transposed(_ permutation: [Int]) -> StridedView { with(map.transposed(permutation)) }

  /// The same elements with other extents, or nil where an extent would cut a factor unevenly.
  package func reshaped(to extents: [Int]) -> StridedView? { map.reshaped(to: extents).map(with) }

  /// The same window with its elements elsewhere.
  package func with(_ map: StridedMap) -> StridedView { StridedView(root: root, map: map, scale: scale) }
}

extension EditableGraph {
  /// The value as a window into the nearest value that is not a mere rearrangement.
  ///
  /// Looks through every operator that says where elements go, up to the first step that strides don't express.
  package func view(of value: String) -> StridedView {
    let whole = StridedView(root: value, extents: shape(value).extents)
    guard let step = rearrangement(making: value, throughScale: false) else { return whole }
    return view(view(of: step.source), through: step.node, to: value) ?? whole
  }

  /// The value as windows into all values that it is a rearrangement of, the farthest first, the value itself last.
  ///
  /// Looks through what `view(of:)` does and, where `throughScale` is set, multiplication and division by a constant.
  package func views(of value: String, throughScale: Bool) -> [StridedView] {
    let whole = StridedView(root: value, extents: shape(value).extents)
    guard let step = rearrangement(making: value, throughScale: throughScale) else { return [whole] }
    return views(of: step.source, throughScale: throughScale).compactMap {
      view($0, through: step.node, to: value)
    } + [whole]
  }

  /// The node that makes a value by rearranging at most, and what it rearranges.
  private func rearrangement(making value: String, throughScale: Bool) -> (
    node: LoweredNode, source: String
  )? {
    guard !barriers.contains(value), shape(value).elementCount > 0, let node = maker(of: value)?.node,
      let source = rearranged(by: node, throughScale: throughScale), constant(source) == nil
    else { return nil }
    return (node, source)
  }

  /// A window that shows what a node rearranges, as a window that shows one of its results; nil where no strides do.
  package func view(_ inner: StridedView, through node: LoweredNode, to value: String) -> StridedView? {
    guard rearranged(by: node, throughScale: true) != nil else { return nil }
    if isScaling(node), let scaled = scaled(node) {
      var inner = inner
      inner.scale *= node.type == "Mul" ? scaled.scalar : 1 / scaled.scalar
      return inner
    }
    return rearranged(inner, by: node, to: value)
  }

  /// The same for nodes that only rearrange.
  package func rearranged(_ inner: StridedView, by node: LoweredNode, to value: String) -> StridedView? {
    guard let operation = node.operation as? any Rearranging, let result = node.outputs.firstIndex(of: value)
    else { return nil }
    return operation.rearranged(inner.map, to: result, inputTypes(of: node), resultTypes(of: node))
      .map(inner.with)
  }

  /// Whether nothing but one of its results is needed of a node.
  package func isOnlyResult(_ value: String, of node: LoweredNode) -> Bool {
    node.outputs.allSatisfy { result in
      result.isEmpty || result == value || readers(of: result).isEmpty && !barriers.contains(result)
    }
  }

  /// Whether a node's first result is its operand's memory as it is, and all that is needed of it.
  package func keepsMemory(_ node: LoweredNode) -> Bool {
    guard let operation = node.operation as? any Rearranging, let result = node.outputs.first,
      isOnlyResult(result, of: node)
    else { return false }
    return operation.keepsMemory(inputTypes(of: node), resultTypes(of: node))
  }

  private func isScaling(_ node: LoweredNode) -> Bool {
    node.operatorName.domain.isEmpty && (node.type == "Mul" || node.type == "Div")
  }

  /// Types of a node's results, nil for those without a name.
  private func resultTypes(of node: LoweredNode) -> [ValueType?] {
    node.outputs.map { $0.isEmpty ? nil : type($0) }
  }

  /// The operand whose elements a node may only rearrange, or scale where `throughScale` is set.
  private func rearranged(by node: LoweredNode, throughScale: Bool) -> String? {
    if node.operation is any Rearranging { return node.inputs.first }
    guard throughScale, isScaling(node), let scaled = scaled(node),
      node.type == "Mul" || (!scaled.scalarIsFirst && scaled.scalar != 0)
    else { return nil }
    return scaled.value
  }

  /// The permutation of a Transpose; nil for other nodes.
  package func permutation(of node: LoweredNode) -> [Int]? {
    (node.operation as? Transpose)?.order(rank: shape(node.inputs[0]).rank)
  }
}
