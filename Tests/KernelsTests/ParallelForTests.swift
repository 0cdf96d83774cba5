import Dispatch
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

  @Test func `regions follow one another, with waking and sleeping workers`() {
    let sum = Atomic(0)
    for region in 0..<3000 {
      parallelFor(5, threads: 1 + region % 4) { item, _ in sum.add(item, ordering: .relaxed) }
      // Longer than workers stay awake.
      if region % 100 == 0 { _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(1)) }
    }
    #expect(sum.load(ordering: .relaxed) == 3000 * 10)
  }

  @Test func `regions inside of items and from several threads run all their items`() {
    let runs = Mutex([Int](repeating: 0, count: 4 * 50 * 3 * 7))
    DispatchQueue.concurrentPerform(iterations: 4) { caller in
      for round in 0..<50 {
        parallelFor(3, threads: 3) { outer, _ in
          parallelFor(7, threads: 2) { inner, _ in
            runs.withLock { $0[((caller * 50 + round) * 3 + outer) * 7 + inner] += 1 }
          }
        }
      }
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
