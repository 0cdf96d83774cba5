package import Tensors

/// How a reduction reads its operand: offsets of the reduced elements, and where each result's elements start.
///
/// Neighbouring axes that are both reduced or both kept are merged. The innermost group becomes a run, of
/// reduced elements (`keptRun` is 1) or of results (`reducedRun` is 1).
package struct ReductionWalk: Sendable {
  /// Contiguous elements that belong to one result.
  private(set) var reducedRun = 1
  /// Contiguous elements that belong to as many results.
  private(set) var keptRun = 1
  /// Start of every reduced run, ascending, relative to the first.
  private(set) var reducedOffsets = [0]
  /// Elements per result.
  private(set) var reducedCount = 1
  /// Kept groups above the run, innermost first.
  private var kept: [(extent: Int, stride: Int)] = []

  /// The walk over an operand of the given shape; each axis is counted from the front.
  package init(_ shape: Shape, axes: [Int]) {
    guard shape.elementCount > 0 else {
      // Nothing is read, and what is reduced has no elements, however many there are along its other axes.
      (reducedCount, reducedOffsets) = (0, [])
      return
    }
    let reduced = Set(axes)
    var groups: [(extent: Int, isReduced: Bool)] = []
    for axis in stride(from: shape.rank - 1, through: 0, by: -1) where shape.extents[axis] != 1 {
      let isReduced = reduced.contains(axis)
      if let last = groups.indices.last, groups[last].isReduced == isReduced {
        groups[last].extent *= shape.extents[axis]
      } else {
        groups.append((shape.extents[axis], isReduced))
      }
    }
    var stride = 1
    for (depth, group) in groups.enumerated() {
      if group.isReduced { reducedCount *= group.extent }
      if depth == 0 {
        if group.isReduced { reducedRun = group.extent } else { keptRun = group.extent }
      } else if group.isReduced {
        let inner = reducedOffsets
        reducedOffsets = (0..<group.extent).flatMap { outer in inner.map { outer * stride + $0 } }
      } else {
        kept.append((group.extent, stride))
      }
      stride *= group.extent
    }
  }

  /// First operand element of a result, or of a run of results.
  @inline(__always)
  func keptOffset(_ index: Int) -> Int {
    var rest = index
    var offset = 0
    for group in kept {
      offset += rest % group.extent * group.stride
      rest /= group.extent
    }
    return offset
  }
}
