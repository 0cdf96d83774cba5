import Dispatch
import Synchronization

/// The results of a transformation for 0 ..< count, in that order, computed by several threads.
///
/// - Parameter isInterrupted: asked meanwhile by the calling thread.
/// - Throws: `DatasetError.interrupted` where it says so; what is under way then ends on its own.
func concurrentMap<Result: Sendable>(
  count: Int, threads: Int, isInterrupted: () -> Bool = { false },
  _ transform: @escaping @Sendable (Int) -> Result
) throws(DatasetError) -> [Result] {
  let work = ConcurrentWork<Result>(count: count)
  let workers = DispatchGroup()
  for _ in 0..<max(1, min(threads, count)) {
    DispatchQueue.global().async(group: workers) { work.run(transform) }
  }
  repeat {
    guard !isInterrupted() else {
      work.cancel()
      throw .interrupted
    }
  } while workers.wait(timeout: .now() + .milliseconds(50)) == .timedOut
  return work.results
}

/// Positions that several threads take one after the other, and what came of them.
private final class ConcurrentWork<Result: Sendable>: Sendable {
  private let count: Int
  private let state: Mutex<(next: Int, results: [Result?])>

  init(count: Int) {
    self.count = count
    state = Mutex((next: 0, results: [Result?](repeating: nil, count: count)))
  }

  /// Works until no position is left.
  func run(_ transform: @Sendable (Int) -> Result) {
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

  /// Leaves the positions out that nobody has taken yet.
  func cancel() { state.withLock { $0.next = count } }

  var results: [Result] { state.withLock { $0.results.compactMap(\.self) } }
}
