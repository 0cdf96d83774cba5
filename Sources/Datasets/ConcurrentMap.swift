import Dispatch
import Synchronization

/// The results of a transformation for 0 ..< count, in that order, computed by several threads.
///
/// - Parameter watch: asked by the calling thread: at the beginning, meanwhile, and with the full count at the end.
/// - Throws: `DatasetError.interrupted` where it says so; what is under way then ends on its own.
func concurrentMap<Result: Sendable>(
  count: Int, threads: Int, _ watch: ReadingWatch, _ transform: @escaping @Sendable (Int) -> Result
) throws(DatasetError) -> [Result] {
  let work = ConcurrentWork<Result>(count: count)
  let workers = DispatchGroup()
  for _ in 0..<max(1, min(threads, count)) {
    DispatchQueue.global().async(group: workers) { work.run(transform) }
  }
  var isRunning = true
  while true {
    guard !watch(work.done, count) else {
      work.cancel()
      throw .interrupted
    }
    guard isRunning else { return work.results }
    isRunning = workers.wait(timeout: .now() + .milliseconds(50)) == .timedOut
  }
}

/// Positions that several threads take one after the other, and what came of them.
private final class ConcurrentWork<Result: Sendable>: Sendable {
  private let count: Int
  private let state: Mutex<(next: Int, done: Int, results: [Result?])>

  init(count: Int) {
    self.count = count
    state = Mutex((next: 0, done: 0, results: [Result?](repeating: nil, count: count)))
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
      state.withLock { state in
        state.results[position] = result
        state.done += 1
      }
    }
  }

  /// Leaves the positions out that nobody has taken yet.
  func cancel() { state.withLock { $0.next = count } }

  /// How many positions are finished.
  var done: Int { state.withLock(\.done) }

  var results: [Result] { state.withLock { $0.results.compactMap(\.self) } }
}
