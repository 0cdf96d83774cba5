/// Which addresses are taken at which times; finds the lowest stretch that is free during some of them.
///
/// A binary tree over time: node 1 stands for all times, nodes 2k and 2k + 1 for the halves of node k. A block is noted as `whole` at
/// the O(log n) nodes that make up its time, and as `part` at these and at all nodes above them. So what is taken at any moment of a
/// time stands in the `part` of the nodes that make it up and in the `whole` of those above. Stretches that touch are one: lifetimes
/// that nest or follow each other cost a logarithm, not a walk over every block.
struct OccupiedAddresses {
  private var whole: [Stretches]
  private var part: [Stretches]
  private let leafCount: Int

  /// Nothing is taken at any of the times 0 ..< `timeCount`.
  init(timeCount: Int) {
    var count = 1
    while count < timeCount { count *= 2 }
    leafCount = count
    whole = [Stretches](repeating: Stretches(), count: 2 * count)
    part = whole
  }

  /// The lowest address from which `size` bytes are free from one time to another, both included.
  func lowest(_ size: Int, from first: Int, to last: Int) -> Int {
    var taken: [Stretches] = []
    forEachNode(from: first, to: last) { taken.append(part[$0]) }
    for leaf in Set([first, last]) {
      var node = (leafCount + leaf) / 2
      while node > 0 {
        taken.append(whole[node])
        node /= 2
      }
    }
    taken.removeAll(where: \.isEmpty)
    var address = 0
    var hasMoved = true
    while hasMoved {
      hasMoved = false
      for stretches in taken {
        guard let end = stretches.end(overlapping: address, size) else { continue }
        address = end
        hasMoved = true
      }
    }
    return address
  }

  /// Takes `size` bytes from an address on, from one time to another, both included.
  mutating func take(_ address: Int, _ size: Int, from first: Int, to last: Int) {
    guard size > 0 else { return }
    var nodes: [Int] = []
    forEachNode(from: first, to: last) { nodes.append($0) }
    var above: Set<Int> = []
    for node in nodes {
      whole[node].insert(address, address + size)
      var ancestor = node
      while ancestor > 0, above.insert(ancestor).inserted {
        part[ancestor].insert(address, address + size)
        ancestor /= 2
      }
    }
  }

  /// The fewest nodes that together stand for some times.
  private func forEachNode(from first: Int, to last: Int, _ body: (Int) -> Void) {
    var (low, high) = (leafCount + first, leafCount + last + 1)
    while low < high {
      if !low.isMultiple(of: 2) {
        body(low)
        low += 1
      }
      if !high.isMultiple(of: 2) {
        high -= 1
        body(high)
      }
      (low, high) = (low / 2, high / 2)
    }
  }
}

/// Stretches of addresses in ascending order, of which no two touch.
private struct Stretches {
  private var starts: [Int] = []
  private var ends: [Int] = []

  var isEmpty: Bool { starts.isEmpty }

  /// The end of the first stretch that shares addresses with `size` bytes from an address on.
  func end(overlapping address: Int, _ size: Int) -> Int? {
    let index = Stretches.first(in: ends) { $0 > address }
    guard index < starts.count, starts[index] < address + size else { return nil }
    return ends[index]
  }

  mutating func insert(_ start: Int, _ end: Int) {
    let low = Stretches.first(in: ends) { $0 >= start }
    let high = Stretches.first(in: starts) { $0 > end }
    let joined = low < high ? (min(start, starts[low]), max(end, ends[high - 1])) : (start, end)
    starts.replaceSubrange(low..<high, with: CollectionOfOne(joined.0))
    ends.replaceSubrange(low..<high, with: CollectionOfOne(joined.1))
  }

  /// The first position in ascending numbers where something holds that holds from there on.
  private static func first(in numbers: [Int], where holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, numbers.count)
    while low < high {
      let middle = (low + high) / 2
      if holds(numbers[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
