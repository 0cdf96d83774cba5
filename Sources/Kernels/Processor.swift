internal import CKernels
import Glibc

/// What the processor under us can run.
package enum Processor {
  /// A set of vector instructions for which the kernels exist; a larger one contains the smaller.
  package enum Level: Int32, Sendable, CaseIterable, Comparable {
    /// Plain C, any processor.
    case portable = 0
    /// x86-64 with AVX2 and FMA: eight floats at a time.
    case avx2 = 2
    /// x86-64 with AVX-512 F, DQ, BW and VL: sixteen floats at a time.
    case avx512 = 3

    /// The name the command line uses.
    package var name: String {
      switch self {
      case .portable: "portable"
      case .avx2: "avx2"
      case .avx512: "avx512"
      }
    }

    package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// The largest level that this processor and operating system support.
  package static func detectedLevel() -> Level { Level(rawValue: dka_best_level()) ?? .portable }

  /// Processors that this process may use.
  package static func coreCount() -> Int { max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1) }

  /// The levels that may be asked for on this processor.
  package static func availableLevels() -> [Level] {
    let best = detectedLevel()
    return Level.allCases.filter { $0 <= best }
  }

  /// GFLOP/s of one thread in a loop of multiply-adds on registers, the ceiling of every product; takes `seconds`.
  package static func measuredPeak(level: Level, seconds: Double) -> Double {
    dka_peak_gflops(level.rawValue, seconds)
  }
}

/// How kernels run: chosen once per session and passed to every call.
package struct KernelOptions: Sendable {
  /// Threads a call may use, the caller's included; at least 1.
  ///
  /// Results do not depend on it.
  package var threads: Int
  /// The instructions to use; no larger than `Processor.detectedLevel()`.
  package var level: Processor.Level

  package init(threads: Int, level: Processor.Level) {
    self.threads = max(threads, 1)
    self.level = level
  }
}
