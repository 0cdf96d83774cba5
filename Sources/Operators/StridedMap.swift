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

/// Where the elements of a value lie in the memory of another one: an offset, and for each axis how far its steps go.
///
/// Every axis is a list of factors, outermost first, without those of extent 1: an axis that a Reshape merged from two is
/// still described exactly, and a later Reshape may cut it elsewhere. Element i of an axis has its digits in the mixed radix
/// of the factors' extents. Values without elements have no map.
package struct StridedMap: Hashable, Sendable {
  /// First element.
  package var offset: Int
  /// Factors per axis.
  package var axes: [[StridedFactor]]

  /// The whole of a row-major value.
  package init(extents: [Int]) {
    offset = 0
    axes = []
    var stride = 1
    for extent in extents.reversed() {
      axes.insert(extent == 1 ? [] : [StridedFactor(extent, stride)], at: 0)
      stride *= extent
    }
  }

  /// Extent per axis.
  package var extents: [Int] { axes.map { $0.reduce(1) { $0 * $1.extent } } }

  /// Whether the elements stand one behind the other in the order of the axes.
  package var isContiguous: Bool { (Array(axes.joined()).singleStride ?? 2) <= 1 }

  /// Whether the elements stand in memory in the order of the axes, from the first on without gaps.
  package var isDense: Bool { offset == 0 && isContiguous }

  /// The axes in another order.
  package func transposed(_ permutation: [Int]) -> StridedMap {
    var map = self
    map.axes = permutation.map { axes[$0] }
    return map
  }

  /// The same elements with other extents, or nil where an extent would cut a factor unevenly.
  package func reshaped(to extents: [Int]) -> StridedMap? {
    var pending = Array(axes.joined())[...]
    var map = self
    map.axes = []
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
      map.axes.append(axis)
    }
    return pending.isEmpty ? map : nil
  }

  /// Every `step`-th element of an axis from `start` on, or nil where the axis has several unmergeable factors.
  package func sliced(axis: Int, start: Int, count: Int, step: Int) -> StridedMap? {
    let factors = axes[axis].merged
    guard factors.count <= 1, count > 0 else { return nil }
    var map = self
    let stride = factors.first?.stride ?? 0
    map.offset += start * stride
    map.axes[axis] = count == 1 ? [] : [StridedFactor(count, stride * step)]
    return map
  }

  /// One element of an axis, which goes.
  package func selecting(_ index: Int, axis: Int) -> StridedMap {
    var map = self
    var rest = index
    for factor in axes[axis].reversed() {
      map.offset += rest % factor.extent * factor.stride
      rest /= factor.extent
    }
    map.axes.remove(at: axis)
    return map
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
  package static func commonExtents(of axes: [[StridedFactor]]) -> [Int]? {
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
  package func strides(cutInto extents: [Int]) -> [Int]? {
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
