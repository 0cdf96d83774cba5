import Analysis
import Kernels
import Synchronization

/// GFLOP/s of multiply-adds on registers alone over all threads, measured again and again between other runs.
///
/// A machine that is shared, or changes its clock, has another peak a second later: what is compared with it must be measured beside it.
struct MachinePeak {
  private let options: KernelOptions
  private var samples: [Double] = []
  private var lastSample: ContinuousClock.Instant?

  /// A meter for some threads and kernels.
  init(_ options: KernelOptions) { self.options = options }

  /// The median of the samples.
  var gigaflops: Double { samples.median }

  /// Measures for about 20 ms, unless that was done within the last 50 ms: short runs follow one another with warm caches.
  mutating func sample() {
    if let lastSample, ContinuousClock.now - lastSample < .milliseconds(50) { return }
    let peaks = Mutex<[Double]>([])
    let options = options
    parallelFor(options.threads, threads: options.threads) { _, _ in
      let peak = Processor.measuredPeak(level: options.level, seconds: 0.02)
      peaks.withLock { $0.append(peak) }
    }
    samples.append(peaks.withLock { $0.reduce(0, +) })
    lastSample = .now
  }
}
