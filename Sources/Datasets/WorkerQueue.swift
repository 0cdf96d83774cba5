import Dispatch
import Synchronization

/// Runs jobs in order of submission on a bounded number of threads, without keeping idle threads.
///
/// No job waits for another one, so a worker never blocks; a worker ends when no job is left.
final class WorkerQueue: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var next = 0
    var workers = 0

    mutating func take() -> (@Sendable () -> Void)? {
      guard next < jobs.count else {
        jobs.removeAll(keepingCapacity: true)
        next = 0
        return nil
      }
      defer { next += 1 }
      return jobs[next]
    }
  }

  private let limit: Int
  private let queue = DispatchQueue(label: "dka.datasets", attributes: .concurrent)
  private let state = Mutex(State())

  init(threads: Int) {
    limit = max(threads, 1)
  }

  /// Adds jobs behind those already waiting.
  func submit(_ jobs: [@Sendable () -> Void]) {
    let started = state.withLock { state in
      state.jobs += jobs
      let started = min(limit - state.workers, state.jobs.count - state.next)
      state.workers += max(started, 0)
      return max(started, 0)
    }
    for _ in 0..<started { queue.async { self.work() } }
  }

  /// Forgets the jobs that have not begun.
  func cancel() {
    state.withLock { state in
      state.jobs.removeAll()
      state.next = 0
    }
  }

  private func work() {
    while true {
      let job = state.withLock { state in
        let job = state.take()
        if job == nil { state.workers -= 1 }
        return job
      }
      guard let job else { return }
      job()
    }
  }
}
