import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// The algebra of strides against moving the elements themselves.
@Suite struct StridedMapTests {
  /// Elements in the order of the axes, moved one by one.
  private struct Moved {
    var extents: [Int]
    var elements: [Int]

    func element(_ index: [Int]) -> Int {
      elements[zip(index, extents).reduce(0) { $0 * $1.1 + $1.0 }]
    }

    static func indices(_ extents: [Int]) -> [[Int]] {
      extents.reduce([[]]) { indices, extent in indices.flatMap { index in (0..<extent).map { index + [$0] } }
      }
    }

    func making(_ extents: [Int], from index: ([Int]) -> [Int]) -> Moved {
      Moved(extents: extents, elements: Moved.indices(extents).map { element(index($0)) })
    }
  }

  /// Extents whose product is a number, at random.
  private static func extents(of count: Int, _ random: inout Random) -> [Int] {
    var (extents, rest) = ([Int](), count)
    while rest > 1 {
      let factors = (1...rest).filter { rest % $0 == 0 }
      let factor = factors[random.integer(below: factors.count)]
      extents.append(factor)
      rest /= factor
      if extents.count > 4 { break }
    }
    return rest > 1 ? extents + [rest] : extents + [1]
  }

  @Test(arguments: 0..<200)
  func `a chain of moves lies where the elements went`(_ seed: Int) {
    var random = Random(seed, 0x57)
    let start = (0..<2 + random.integer(below: 3)).map { _ in [1, 2, 3, 4, 6][random.integer(below: 5)] }
    var map = StridedMap(extents: start)
    var moved = Moved(extents: start, elements: Array(0..<start.reduce(1, *)))
    for _ in 0..<4 {
      let rank = moved.extents.count
      switch random.integer(below: 4) {
      case 0:
        let order = random.permutation(of: rank)
        map = map.transposed(order)
        moved = moved.making(order.map { moved.extents[$0] }) { index in
          var source = [Int](repeating: 0, count: rank)
          for (position, axis) in order.enumerated() { source[axis] = index[position] }
          return source
        }
      case 1:
        let extents = Self.extents(of: moved.elements.count, &random)
        guard let next = map.reshaped(to: extents) else { continue }
        map = next
        moved.extents = extents
      case 2:
        let axis = random.integer(below: rank)
        let extent = moved.extents[axis]
        let first = random.integer(below: extent)
        let step = 1 + random.integer(below: 2)
        let count = 1 + random.integer(below: (extent - first - 1) / step + 1)
        guard let next = map.sliced(axis: axis, start: first, count: count, step: step) else { continue }
        map = next
        var extents = moved.extents
        extents[axis] = count
        moved = moved.making(extents) { index in
          var source = index
          source[axis] = first + index[axis] * step
          return source
        }
      default:
        let axis = random.integer(below: rank)
        guard rank > 1 else { continue }
        let chosen = random.integer(below: moved.extents[axis])
        map = map.selecting(chosen, axis: axis)
        var extents = moved.extents
        extents.remove(at: axis)
        moved = moved.making(extents) { index in
          var source = index
          source.insert(chosen, at: axis)
          return source
        }
      }
      #expect(map.extents == moved.extents)
      #expect(map.positions == moved.elements)
      #expect(map.isDense == (moved.elements == Array(0..<moved.elements.count)))
    }
  }

  @Test(arguments: [
    ("y = Gather <axis = 1> (x, last)", [4, 5, 10, 11], [2, 2]),
    ("y = Gather <axis = 1> (x, row)", [2, 3, 8, 9], [2, 1, 2]),
    ("y = Expand (x, more)", Array(0..<12), [1, 2, 3, 2]),
    ("y = Concat <axis = 1> (x)", Array(0..<12), [2, 3, 2]),
    ("y = Cast <to = 1> (x)", Array(0..<12), [2, 3, 2]), ("y = Dropout (x)", Array(0..<12), [2, 3, 2]),
    ("y = Slice (x, from, to)", [6, 7, 8, 9], [1, 2, 2]),
  ])
  func `operators with known operands say where elements lie`(
    _ node: String, _ positions: [Int], _ extents: [Int]
  ) throws {
    let map = try Self.map(of: node)
    #expect(map?.positions == positions)
    #expect(map?.extents == extents)
  }

  @Test(arguments: [
    "y = Cast <to = 11> (x)", "y = Concat <axis = 0> (x, x)", "y = Gather <axis = 1> (x, two)",
    "y = Expand (x, twice)",
  ])
  func `what changes, joins, picks out or repeats elements has no map`(_ node: String) throws {
    #expect(try Self.map(of: node) == nil)
  }

  /// The map of a node on x [2, 3, 2].
  private static func map(of node: String) throws -> StridedMap? {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[2,3,2] x) => (\(node.contains("to = 11") ? "double" : "float")[] y)
        <int64 last = {-1}, int64[1] row = {1}, int64[2] two = {0, 2}, int64[4] more = {1, 2, 3, 2},
         int64[4] twice = {2, 2, 3, 2}, int64[2] from = {1, 0}, int64[2] to = {2, 2}> { \(node) }
        """)
    let graph = try Lowering.portable.lower(model)
    let lowered = try #require(graph.nodes.first)
    let operation = try #require(lowered.operation as? any Rearranging)
    return operation.map(
      to: 0, graph.inputTypes(of: lowered), lowered.outputs.map { graph.types[$0] })
  }
}
