import Analysis
import Kernels
import Synchronization

/// GFLOP/s of multiply-adds on registers alone over all threads, measured again and again between other runs.
///
/// A machine that is shared, or changes its clock, has another peak a second later: what is compared with it must be measured beside it.
struct MachinePeak {
  private let options: KernelOptions
  private var samples: [Double] = []

  /// A meter for some threads and kernels.
  init(_ options: KernelOptions) { self.options = options }

  /// The median of the samples.
  var gigaflops: Double { samples.median }

  /// Measures once, for about 20 ms.
  mutating func sample() {
    let peaks = Mutex<[Double]>([])
    let options = options
    parallelFor(options.threads, threads: options.threads) { _, _ in
      let peak = Processor.measuredPeak(level: options.level, seconds: 0.02)
      peaks.withLock { $0.append(peak) }
    }
    samples.append(peaks.withLock { $0.reduce(0, +) })
  }
}
