import Execution
import Tensors
import Testing

@Suite struct MemoryPlanTests {
  /// Intervals with lifetimes and sizes from a seed; some empty, some as long as the whole run.
  private static func intervals(seed: Int) -> [MemoryPlan.Interval] {
    var random = Random(seed, 0, 0)
    func below(_ bound: UInt64) -> Int { Int(random.next() % bound) }
    return (0..<1 + below(60)).map { _ in
      let first = below(40)
      return MemoryPlan.Interval(first: first, last: first + below(12), byteCount: below(5000))
    }
  }

  @Test(arguments: 0..<200)
  func `blocks that live at the same time never overlap in memory`(_ seed: Int) {
    let intervals = Self.intervals(seed: seed)
    var total = 0
    let offsets = MemoryPlan.place(intervals, &total)
    for (i, a) in intervals.enumerated() {
      #expect(offsets[i] % MemoryPlan.alignment == 0)
      #expect(offsets[i] >= 0 && offsets[i] + a.byteCount <= total)
      for (j, b) in intervals.enumerated() where j > i && a.first <= b.last && b.first <= a.last {
        let isApart = offsets[i] + a.byteCount <= offsets[j] || offsets[j] + b.byteCount <= offsets[i]
        #expect(isApart || a.byteCount == 0 || b.byteCount == 0, "\(i) and \(j)")
      }
    }
  }

  @Test(arguments: 0..<200)
  func `an arena is no smaller than what lives at once and no larger than all blocks together`(_ seed: Int) {
    let intervals = Self.intervals(seed: seed)
    var total = 0
    _ = MemoryPlan.place(intervals, &total)
    let needed =
      (0..<60).map { time in
        intervals.filter { $0.first <= time && time <= $0.last }.reduce(0) { $0 + $1.byteCount }
      }.max() ?? 0
    let padded = intervals.reduce(0) { $0 + ($1.byteCount + 63) / 64 * 64 }
    #expect((needed...max(needed, padded)).contains(total))
  }

  @Test(arguments: 0..<200)
  func `a block lies at the lowest address that larger and earlier ones leave free`(_ seed: Int) {
    let intervals = Self.intervals(seed: seed)
    var total = 0
    let offsets = MemoryPlan.place(intervals, &total)
    func end(_ index: Int) -> Int { offsets[index] + (intervals[index].byteCount + 63) / 64 * 64 }
    for (index, interval) in intervals.enumerated() where interval.byteCount > 0 {
      let before = intervals.indices.filter { other in
        let (size, otherSize) = (interval.byteCount, intervals[other].byteCount)
        return (otherSize > size || otherSize == size && other < index) && otherSize > 0
          && intervals[other].first <= interval.last && interval.first <= intervals[other].last
      }
      let lowest = ([0] + before.map(end)).sorted().first { start in
        let stop = start + end(index) - offsets[index]
        return before.allSatisfy { stop <= offsets[$0] || end($0) <= start }
      }
      #expect(offsets[index] == lowest, "\(index)")
    }
  }

  /// With steps that grow with the square of their number it would not end.
  @Test func `lifetimes that nest are placed, however many`() {
    let count = 200_000
    var total = 0
    let offsets = MemoryPlan.place(
      (0..<count).map { .init(first: $0, last: 2 * count - $0, byteCount: 64) }, &total)
    #expect(total == 64 * count && offsets == (0..<count).map { 64 * $0 })
  }

  @Test func `blocks that follow each other share memory`() {
    var total = 0
    let offsets = MemoryPlan.place(
      (0..<10).map { .init(first: $0, last: $0, byteCount: 1000) }, &total)
    #expect(offsets == [Int](repeating: 0, count: 10))
    #expect(total == 1024)
  }
}
