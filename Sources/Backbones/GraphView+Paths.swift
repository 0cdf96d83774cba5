import Graphs

/// Where two values that are added come from.
package struct Parting: Sendable {
  /// The last value that everything on both sides is computed from.
  package let value: String
  /// Indices of the nodes between it and the first value, ascending.
  package let left: [Int]
  /// Indices of the nodes between it and the second value, ascending.
  package let right: [Int]
}

extension GraphView {
  /// Indices of the nodes that a value depends on, ascending.
  package func ancestors(of value: String) -> [Int] {
    guard let last = producer(value) else { return [] }
    var isNeeded = [Bool](repeating: false, count: last + 1)
    isNeeded[last] = true
    for index in stride(from: last, through: 0, by: -1) where isNeeded[index] {
      for input in nodes[index].inputs {
        if let maker = producer(input) { isNeeded[maker] = true }
      }
    }
    return isNeeded.indices.filter { isNeeded[$0] }
  }

  /// Indices of the nodes that depend on a value, ascending.
  package func descendants(of value: String) -> [Int] {
    var isReached = [Bool](repeating: false, count: nodes.count)
    for index in nodes.indices {
      isReached[index] = nodes[index].inputs.contains { input in
        input == value || (producer(input).map { isReached[$0] } ?? false)
      }
    }
    return isReached.indices.filter { isReached[$0] }
  }

  /// Indices of the nodes on all paths from one value to another, ascending; nil where there is no path.
  package func path(from source: String, to target: String) -> [Int]? {
    guard source != target else { return [] }
    guard let last = producer(target), let first = consumers(source).first, first <= last else { return nil }
    var isReached = [Bool](repeating: false, count: last - first + 1)
    for index in first...last {
      isReached[index - first] = nodes[index].inputs.contains { input in
        input == source || (producer(input).map { $0 >= first && isReached[$0 - first] } ?? false)
      }
    }
    guard isReached[last - first] else { return nil }
    var isNeeded = [Bool](repeating: false, count: last - first + 1)
    isNeeded[last - first] = true
    for index in stride(from: last, through: first, by: -1) where isNeeded[index - first] {
      for input in nodes[index].inputs where input != source {
        if let maker = producer(input), maker >= first, isReached[maker - first] {
          isNeeded[maker - first] = true
        }
      }
    }
    return (first...last).filter { isNeeded[$0 - first] && isReached[$0 - first] }
  }

  /// Where two values part, or nil where nothing is behind both, or more than one value.
  ///
  /// Goes back from both at once, node by node from the end, and looks at no more nodes than a block of a network has.
  package func parting(of left: String, and right: String) -> Parting? {
    var pending: [Int: (sides: Set<Int>, values: Set<String>)] = [:]
    func reach(_ value: String, from sides: Set<Int>) {
      guard isData(value) else { return }
      pending[producer(value) ?? -1, default: ([], [])].sides.formUnion(sides)
      pending[producer(value) ?? -1, default: ([], [])].values.insert(value)
    }
    reach(left, from: [0])
    reach(right, from: [1])
    var passed: [[Int]] = [[], []]
    for _ in 0..<Self.largestBlock {
      guard let index = pending.keys.max(), let latest = pending.removeValue(forKey: index) else {
        return nil
      }
      if pending.isEmpty, latest.sides.count == 2 {
        guard latest.values.count == 1, let value = latest.values.first else { return nil }
        return Parting(value: value, left: passed[0].reversed(), right: passed[1].reversed())
      }
      guard index >= 0 else { return nil }
      for side in latest.sides { passed[side].append(index) }
      for input in nodes[index].inputs { reach(input, from: latest.sides) }
    }
    return nil
  }

  /// Nodes in which two values must have met when looking for where they part.
  private static let largestBlock = 4096
}
