/// Seconds of repeated runs of one thing.
public struct Timing: Sendable {
  /// Seconds per run, in the order of the runs.
  public let seconds: [Double]

  /// Times `body` after warm-up runs that do not count.
  ///
  /// - Parameters:
  ///   - runs: runs that count, at least one.
  ///   - warmUp: runs before them.
  ///   - pause: what happens in front of each run that counts, outside its time.
  ///   - body: what is timed; it gets the run's index, negative while warming up.
  package static func measure(
    runs: Int, warmUp: Int, pause: () -> Void = {}, _ body: (Int) throws -> Void
  ) rethrows -> Timing {
    for run in 0..<warmUp { try body(run - warmUp) }
    var seconds: [Double] = []
    for run in 0..<max(runs, 1) {
      pause()
      let start = ContinuousClock.now
      try body(run)
      let (whole, fraction) = (ContinuousClock.now - start).components
      seconds.append(Double(whole) + Double(fraction) * 1e-18)
    }
    return Timing(seconds: seconds)
  }

  /// The middle run; the mean of the two middle ones of an even number.
  public var median: Double { seconds.median }

  /// The fastest run.
  public var smallest: Double { seconds.min() ?? 0 }

  /// The slowest run.
  public var largest: Double { seconds.max() ?? 0 }
}

extension [Double] {
  /// The middle one; the mean of the two middle ones of an even number; 0 of none.
  package var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    let middle = count / 2
    return count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
