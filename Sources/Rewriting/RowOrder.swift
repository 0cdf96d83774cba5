import Operators
import Tensors

/// A value whose rows, the elements of its last axis, are rows of another one in some order.
///
/// What a `StridedView` cannot say: the cyclic shift of a map (Slice, Slice, Concat, or Gather) is no stride.
struct RowOrder: Equatable {
  /// The value whose rows they are.
  var root: String
  /// For each row of the value the row of the root.
  var rows: [Int]

  /// All rows of a value.
  init(of value: String, count: Int) { (root, rows) = (value, Array(0..<count)) }

  /// Whether every row of the root is there once.
  func isPermutation(of count: Int) -> Bool {
    guard rows.count == count else { return false }
    var seen = [Bool](repeating: false, count: count)
    for row in rows {
      guard row < count, !seen[row] else { return false }
      seen[row] = true
    }
    return true
  }

  /// The order of the first rows where the others repeat it, each time as many rows further; nil where it takes all rows to
  /// say and they are no permutation.
  ///
  /// - Parameter part: what their number is a multiple of.
  func repeated(inPartsOf part: Int) -> [Int]? {
    guard part > 0 else { return nil }
    let counts = stride(from: part, through: rows.count, by: part).filter { rows.count % $0 == 0 }
    let count = counts.first { count in
      rows.indices.allSatisfy { rows[$0] == rows[$0 % count] + $0 / count * count }
        && rows[..<count].allSatisfy { 0..<count ~= $0 }
    }
    return count.map { Array(rows[..<$0]) }
  }
}

extension EditableGraph {
  /// The rows of a value as rows of the farthest value of which it only moves rows.
  func rowOrder(of value: String) -> RowOrder {
    guard let order = movedRows(making: value) else {
      return RowOrder(of: value, count: rowCount(of: value))
    }
    return order
  }

  /// Rows of a value.
  func rowCount(of value: String) -> Int { shape(value).product(0..<max(shape(value).rank - 1, 0)) }

  private func movedRows(making value: String) -> RowOrder? {
    guard shape(value).rank > 1, shape(value).elementCount > 0, let node = maker(of: value)?.node,
      let source = node.inputs.first, shape(source).rank > 1, shape(source)[-1] == shape(value)[-1],
      constant(source) == nil
    else { return nil }
    if let concat = node.operation as? Concat, node.inputs.count > 1 {
      return joined(node, axis: concat.axis)
    }
    guard let step = movedRows(by: node, to: value) else { return nil }
    var order = rowOrder(of: source)
    let rows = order.rows
    order.rows = step.map { rows[$0] }
    return order
  }

  /// For each row of a node's result the row of its first operand that it shows.
  private func movedRows(by node: LoweredNode, to value: String) -> [Int]? {
    let (source, width) = (shape(node.inputs[0]), shape(value)[-1])
    if let gather = node.operation as? Gather, let indices = integers(node.inputs[1]), indices.count > 1 {
      return gathered(source, axis: gather.axis, indices)
    }
    let whole = StridedView(root: node.inputs[0], extents: source.extents)
    guard node.operation is any Rearranging, let view = rearranged(whole, by: node, to: value),
      width == 1 || view.axes.last?.singleStride == 1, view.offset % width == 0
    else { return nil }
    var rows = [view.offset / width]
    for factor in view.axes.dropLast().joined() {
      guard factor.stride % width == 0 else { return nil }
      let step = factor.stride / width
      rows = rows.flatMap { row in (0..<factor.extent).map { row + $0 * step } }
    }
    return rows
  }

  private func gathered(_ source: Shape, axis: Int, _ indices: [Int]) -> [Int]? {
    guard let axis = source.normalizedAxis(axis), axis < source.rank - 1 else { return nil }
    let extent = source[axis]
    guard indices.allSatisfy({ -extent..<extent ~= $0 }) else { return nil }
    let inner = source.product((axis + 1)..<(source.rank - 1))
    return (0..<source.product(0..<axis)).flatMap { outer in
      indices.flatMap { index in
        let start = (outer * extent + (index < 0 ? index + extent : index)) * inner
        return start..<start + inner
      }
    }
  }

  /// The parts of one value behind each other along an axis.
  private func joined(_ node: LoweredNode, axis: Int) -> RowOrder? {
    guard let axis = shape(node.inputs[0]).normalizedAxis(axis), axis < shape(node.inputs[0]).rank - 1
    else { return nil }
    let parts = node.inputs.map { (order: rowOrder(of: $0), shape: shape($0)) }
    guard var joined = parts.first?.order, parts.allSatisfy({ $0.order.root == joined.root }) else {
      return nil
    }
    joined.rows = (0..<parts[0].shape.product(0..<axis)).flatMap { outer in
      parts.flatMap { part in
        let count = part.shape.product(axis..<(part.shape.rank - 1))
        return part.order.rows[(outer * count)..<((outer + 1) * count)]
      }
    }
    return joined
  }

  /// The farthest value behind another one to which all that reads it comes together, by moving rows alone; the value itself
  /// where nothing does.
  func rowsGathered(from value: String) -> String {
    let rank = shape(value).rank
    guard rank > 1 else { return value }
    let root = rowOrder(of: value).root
    var farthest = value
    while let next = nextMeeting(behind: farthest), shape(next)[-1] == shape(value)[-1],
      rowOrder(of: next).root == root,
      shape(next).elementCount == shape(value).elementCount
    { farthest = next }
    return farthest
  }

  /// What a single reader makes of a value, or what one node makes of all that its readers cut out of it.
  private func nextMeeting(behind value: String) -> String? {
    guard !barriers.contains(value) else { return nil }
    let nodes = readers(of: value).compactMap { self[$0] }
    let results = nodes.flatMap { $0.outputs.filter { !$0.isEmpty } }
    if nodes.count == 1, results.count == 1 { return results.first }
    guard results.count > 1, results.allSatisfy({ isInner($0) }) else { return nil }
    let meetings = Set(results.flatMap { readers(of: $0) })
    guard meetings.count == 1, let id = meetings.first, let meeting = self[id], meeting.operation is Concat,
      Set(meeting.inputs) == Set(results)
    else { return nil }
    return meeting.outputs.first
  }
}
