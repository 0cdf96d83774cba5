/// The processor's classes for which kernels exist.
package enum Processor {
  /// Instruction sets that kernels are written for.
  package enum Level: Int32, Sendable, CaseIterable {
    /// Plain C and OpenBLAS.
    case portable = 0
    /// AVX2 and FMA.
    case avx2 = 2
    /// AVX-512 F, DQ, BW, VL.
    case avx512 = 3
  }
}

/// How kernels run: passed down, never global.
package struct KernelOptions: Sendable {
  /// Threads used inside one operator.
  package var threads: Int
  /// Kernels to use.
  package var level: Processor.Level

  /// Options with the given threads and kernels.
  package init(threads: Int, level: Processor.Level) {
    self.threads = threads
    self.level = level
  }
}
