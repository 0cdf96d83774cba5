import Graphs
package import Operators
import Tensors

/// One extent of an axis with the distance between its elements in memory.
package struct StridedFactor: Hashable, Sendable {
  /// Number of steps.
  package var extent: Int
  /// Elements between two steps.
  package var stride: Int

  /// A factor.
  package init(_ extent: Int, _ stride: Int) {
    self.extent = extent
    self.stride = stride
  }
}

/// A value described as a window into the memory of another one, its root.
///
/// Every axis is a list of factors, outermost first, without those of extent 1: an axis that a Reshape merged from two is
/// still described exactly, and a later Reshape may cut it elsewhere. Element i of an axis has its digits in the mixed radix
/// of the factors' extents.
package struct StridedView: Hashable, Sendable {
  /// The value whose memory is looked into.
  package var root: String
  /// First element within the root.
  package var offset: Int
  /// Factors per axis.
  package var axes: [[StridedFactor]]
  /// What the root's elements are multiplied with.
  package var scale: Double

  /// The whole of a row-major value.
  package init(root: String, extents: [Int]) {
    self.root = root
    offset = 0
    scale = 1
    axes = []
    var stride = 1
    for extent in extents.reversed() {
      axes.insert(extent == 1 ? [] : [StridedFactor(extent, stride)], at: 0)
      stride *= extent
    }
  }

  /// Extent per axis.
  package var extents: [Int] { axes.map { $0.reduce(1) { $0 * $1.extent } } }

  /// Whether the elements stand in memory in the order of the axes, from the first on without gaps.
  package var isDense: Bool { offset == 0 && (Array(axes.joined()).singleStride ?? 2) <= 1 }

  /// The axes in another order.
  package func transposed(_ permutation: [Int]) -> StridedView {
    var view = self
    view.axes = permutation.map { axes[$0] }
    return view
  }

  /// The same elements with other extents, or nil where an extent would cut a factor unevenly.
  package func reshaped(to extents: [Int]) -> StridedView? {
    var pending = Array(axes.joined())[...]
    var view = self
    view.axes = []
    for extent in extents {
      var axis: [StridedFactor] = []
      var open = extent
      while open > 1 {
        guard let factor = pending.popFirst() else { return nil }
        if open % factor.extent == 0 {
          axis.append(factor)
          open /= factor.extent
        } else if factor.extent % open == 0 {
          let rest = factor.extent / open
          axis.append(StridedFactor(open, factor.stride * rest))
          pending = [StridedFactor(rest, factor.stride)] + pending
          open = 1
        } else {
          return nil
        }
      }
      view.axes.append(axis)
    }
    return pending.isEmpty ? view : nil
  }

  /// Every `step`-th element of an axis from `start` on, or nil where the axis has several unmergeable factors.
  package func sliced(axis: Int, start: Int, count: Int, step: Int) -> StridedView? {
    let factors = axes[axis].merged
    guard factors.count <= 1, count > 0 else { return nil }
    var view = self
    let stride = factors.first?.stride ?? 0
    view.offset += start * stride
    view.axes[axis] = count == 1 ? [] : [StridedFactor(count, stride * step)]
    return view
  }

  /// One element of an axis, which goes.
  package func selecting(_ index: Int, axis: Int) -> StridedView {
    var view = self
    var rest = index
    for factor in axes[axis].reversed() {
      view.offset += rest % factor.extent * factor.stride
      rest /= factor.extent
    }
    view.axes.remove(at: axis)
    return view
  }
}

extension [StridedFactor] {
  /// The same digits with as few factors as possible.
  package var merged: [StridedFactor] {
    var result: [StridedFactor] = []
    for factor in self where factor.extent != 1 {
      if let last = result.last, last.stride == factor.stride * factor.extent {
        result[result.count - 1] = StridedFactor(last.extent * factor.extent, factor.stride)
      } else {
        result.append(factor)
      }
    }
    return result
  }

  /// The stride of an axis that is one factor after merging; 0 for extent 1, nil for several factors.
  package var singleStride: Int? {
    let merged = merged
    return merged.count > 1 ? nil : merged.first?.stride ?? 0
  }

  /// Extents from the outermost on into which several equally long axes can be cut alike, or nil where none exist.
  static func commonExtents(of axes: [[StridedFactor]]) -> [Int]? {
    var pending = axes.map { $0[...] }
    var extents: [Int] = []
    while let least = pending.compactMap({ $0.first?.extent }).min() {
      for index in pending.indices {
        guard let factor = pending[index].popFirst(), factor.extent % least == 0 else { return nil }
        if factor.extent > least {
          pending[index] = [StridedFactor(factor.extent / least, factor.stride)] + pending[index]
        }
      }
      extents.append(least)
    }
    return extents
  }

  /// The stride at each of the extents into which these factors are cut.
  func strides(cutInto extents: [Int]) -> [Int]? {
    var pending = self[...]
    var strides: [Int] = []
    for extent in extents {
      guard let factor = pending.popFirst(), factor.extent % extent == 0 else { return nil }
      let rest = factor.extent / extent
      strides.append(factor.stride * rest)
      if rest > 1 { pending = [StridedFactor(rest, factor.stride)] + pending }
    }
    return pending.isEmpty ? strides : nil
  }
}

extension EditableGraph {
  /// The value as a window into the nearest value that is not a mere rearrangement.
  ///
  /// Looks through Reshape, Transpose, Squeeze, Unsqueeze, Flatten, Slice, Split, Gather of one index, Identity and Cast to
  /// the same type, up to the first step that strides don't express.
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
    guard let source = rearranged(by: node, throughScale: true) else { return nil }
    switch node.type {
    case "Mul", "Div":
      guard let scaled = scaled(node) else { return nil }
      var inner = inner
      inner.scale *= node.type == "Mul" ? scaled.scalar : 1 / scaled.scalar
      return inner
    case "Identity": return inner
    case "Cast": return type(source) == type(value) ? inner : nil
    case "Reshape", "Squeeze", "Unsqueeze", "Flatten": return inner.reshaped(to: shape(value).extents)
    case "Transpose": return permutation(of: node).map { inner.transposed($0) }
    case "Slice": return slice(inner, by: node, source)
    case "Split": return split(inner, by: node, source, value)
    case "Gather": return selection(inner, by: node, source)
    default: return nil
    }
  }

  /// The operand whose elements a node may only rearrange, or scale where `throughScale` is set.
  private func rearranged(by node: LoweredNode, throughScale: Bool) -> String? {
    guard node.node.operatorName.domain.isEmpty else { return nil }
    guard node.type == "Mul" || node.type == "Div" else { return node.inputs.first }
    guard throughScale, let scaled = scaled(node),
      node.type == "Mul" || (!scaled.scalarIsFirst && scaled.scalar != 0)
    else { return nil }
    return scaled.value
  }

  /// The permutation of a Transpose; the reverse where the attribute is absent.
  package func permutation(of node: LoweredNode) -> [Int]? {
    guard node.type == "Transpose", node.node.operatorName.domain.isEmpty else { return nil }
    let rank = shape(node.inputs[0]).rank
    guard case .ints(let values)? = node.node.attribute("perm") else { return (0..<rank).reversed() }
    return values.map { Int($0) }
  }

  /// An integer attribute of a node.
  package func integerAttribute(_ name: String, of node: LoweredNode) -> Int? {
    guard case .int(let value)? = node.node.attribute(name) else { return nil }
    return Int(value)
  }

  /// Integers that a node has as attribute in older operator sets and as operand in newer ones.
  package func integerList(_ name: String, operand: Int, of node: LoweredNode) -> [Int]? {
    if case .ints(let values)? = node.node.attribute(name) { return values.map { Int($0) } }
    guard operand < node.inputs.count, !node.inputs[operand].isEmpty else { return nil }
    return integers(node.inputs[operand])
  }

  private func slice(_ inner: StridedView, by node: LoweredNode, _ source: String) -> StridedView? {
    guard let starts = integerList("starts", operand: 1, of: node) else { return nil }
    let axes = integerList("axes", operand: 3, of: node) ?? Array(starts.indices)
    let steps = integerList("steps", operand: 4, of: node) ?? starts.map { _ in 1 }
    guard axes.count == starts.count, steps.count == starts.count else { return nil }
    var result = inner
    for (position, given) in axes.enumerated() {
      guard let axis = shape(source).normalizedAxis(given), steps[position] > 0 else { return nil }
      let extent = shape(source)[axis]
      let start = starts[position] < 0 ? max(starts[position] &+ extent, 0) : min(starts[position], extent)
      let count = shape(node.outputs[0])[axis]
      guard let next = result.sliced(axis: axis, start: start, count: count, step: steps[position]) else {
        return nil
      }
      result = next
    }
    return result
  }

  private func split(
    _ inner: StridedView, by node: LoweredNode, _ source: String, _ value: String
  ) -> StridedView? {
    guard let axis = shape(source).normalizedAxis(integerAttribute("axis", of: node) ?? 0) else { return nil }
    var start = 0
    for output in node.outputs {
      // A part without a name has no type to tell its extent from.
      guard !output.isEmpty else { return nil }
      let count = shape(output)[axis]
      if output == value { return inner.sliced(axis: axis, start: start, count: count, step: 1) }
      start += count
    }
    return nil
  }

  private func selection(_ inner: StridedView, by node: LoweredNode, _ source: String) -> StridedView? {
    guard let axis = shape(source).normalizedAxis(integerAttribute("axis", of: node) ?? 0),
      let indices = integers(node.inputs[1]), indices.count == 1, shape(node.inputs[1]).rank <= 1
    else { return nil }
    let index = indices[0] < 0 ? indices[0] + shape(source)[axis] : indices[0]
    guard index >= 0, index < shape(source)[axis], axis < shape(source).rank else { return nil }
    var result = inner.selecting(index, axis: axis)
    if shape(node.inputs[1]).rank == 1 { result.axes.insert([], at: axis) }
    return result
  }
}
