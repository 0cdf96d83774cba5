import Dispatch
import Synchronization

/// The results of a function of each position, in order, computed by a number of threads.
func concurrentMap<Result: Sendable>(
  count: Int, threads: Int, _ transform: @Sendable (Int) -> Result
) -> [Result] {
  let state = Mutex((next: 0, results: [Result?](repeating: nil, count: count)))
  DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
    while true {
      let position = state.withLock { state in
        defer { state.next += 1 }
        return state.next
      }
      guard position < count else { return }
      let result = transform(position)
      state.withLock { $0.results[position] = result }
    }
  }
  return state.withLock { $0.results.compactMap(\.self) }
}
