import Kernels
import Synchronization
import Testing

@Suite struct ParallelForTests {
  @Test(arguments: [0, 1, 2, 7, 100], [1, 2, 4])
  func `every item runs once, with a worker below the thread count`(count: Int, threads: Int) {
    let runs = Mutex([Int](repeating: 0, count: count))
    parallelFor(count, threads: threads) { item, worker in
      #expect(worker >= 0 && worker < threads)
      runs.withLock { $0[item] += 1 }
    }
    #expect(runs.withLock { $0.allSatisfy { $0 == 1 } })
  }

  @Test(arguments: [0, 1, 5, 197, 1576], [1, 6, 14])
  func `parts cover the range in order and start at multiples of the step`(count: Int, step: Int) {
    for parts in [1, 2, 3, 8] {
      let ranges = (0..<parts).map { evenPart($0, of: parts, count: count, step: step) }
      #expect(ranges.flatMap { Array($0) } == Array(0..<count))
      #expect(ranges.allSatisfy { $0.isEmpty || $0.lowerBound % step == 0 })
    }
  }
}
