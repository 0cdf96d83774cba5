import Dispatch
import Synchronization
import Tensors

extension LabelledImages {
  /// Decodes every image once and reports all that cannot be read in one error, in the order of the samples.
  ///
  /// - Parameters:
  ///   - threads: how many decode at a time.
  ///   - progress: called with the number of images done, from any of the threads.
  ///   - isInterrupted: asked while images are read.
  /// - Throws: an error whose message names each unreadable file and its reason, a line each; one with the code `interrupted`.
  public func verifyReadable(
    threads: Int, progress: (@Sendable (Int) -> Void)? = nil, isInterrupted: () -> Bool = { false }
  ) throws(DatasetError) {
    let reading = Reading(samples)
    let workers = DispatchGroup()
    for _ in 0..<max(1, min(threads, samples.count)) {
      DispatchQueue.global().async(group: workers) { reading.work(progress) }
    }
    repeat {
      guard !isInterrupted() else {
        reading.cancel()
        throw .interrupted
      }
    } while workers.wait(timeout: .now() + .milliseconds(50)) == .timedOut
    let failures = reading.failures
    guard let first = failures.first else { return }
    guard failures.count > 1 else { throw first }
    let areAllMissing = failures.allSatisfy { $0.failureCode == .missingInput }
    throw DatasetError(
      areAllMissing ? .missingInput : .badData,
      "\(failures.count) of \(samples.count) images cannot be read", hint: "replace or remove these files",
      details: failures.map(\.message))
  }
}

/// The images of one check, each read by one of several threads.
private final class Reading: Sendable {
  private struct State {
    var next = 0
    var done = 0
    var failures: [(position: Int, error: DatasetError)] = []
  }

  private let samples: [Sample]
  private let state = Mutex(State())

  init(_ samples: [Sample]) { self.samples = samples }

  /// Reads images until none is left.
  func work(_ progress: (@Sendable (Int) -> Void)?) {
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

  /// Leaves the images out that nobody reads yet.
  func cancel() { state.withLock { $0.next = samples.count } }

  /// What could not be read, in the order of the samples.
  var failures: [DatasetError] {
    state.withLock { $0.failures }.sorted { $0.position < $1.position }.map(\.error)
  }
}
