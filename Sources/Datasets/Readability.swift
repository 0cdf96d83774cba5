import Dispatch
import Synchronization
import Tensors

extension LabelledImages {
  /// Decodes every image once and reports all that cannot be read in one error, in the order of the samples.
  ///
  /// - Parameters:
  ///   - threads: how many decode at a time.
  ///   - progress: called with the number of images done, from any of the threads.
  /// - Throws: an error whose message names each unreadable file and its reason, a line each.
  public func verifyReadable(
    threads: Int, progress: (@Sendable (Int) -> Void)? = nil
  ) throws(DatasetError) {
    let samples = samples
    let state = Mutex((next: 0, done: 0, failures: [(position: Int, error: DatasetError)]()))
    DispatchQueue.concurrentPerform(iterations: max(1, min(threads, samples.count))) { _ in
      while true {
        let position = state.withLock { state in
          defer { state.next += 1 }
          return state.next
        }
        guard position < samples.count else { return }
        var failure: DatasetError?
        do throws(DatasetError) { _ = try ImageFile.read(samples[position].path) } catch { failure = error }
        let done = state.withLock { state in
          if let failure { state.failures.append((position, failure)) }
          state.done += 1
          return state.done
        }
        progress?(done)
      }
    }
    let failures = state.withLock { $0.failures }.sorted { $0.position < $1.position }.map(\.error)
    guard let first = failures.first else { return }
    guard failures.count > 1 else { throw first }
    let areAllMissing = failures.allSatisfy { $0.failureCode == .missingInput }
    throw DatasetError(
      areAllMissing ? .missingInput : .badData,
      "\(failures.count) of \(samples.count) images cannot be read", hint: "replace or remove these files",
      details: failures.map(\.message))
  }
}
