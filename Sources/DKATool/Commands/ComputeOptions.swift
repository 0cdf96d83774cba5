import DKA

/// Threads, kernels and memory that the common options ask for.
struct ComputeOptions {
  /// What kernels get.
  let context: ExecutionContext

  /// Reads `--threads`, `--cpu` and `--memory`, and tells with `--verbose` what runs.
  ///
  /// - Throws: a usage error where the processor lacks the kernels that are asked for.
  init(_ arguments: ParsedArguments, _ console: Console) throws {
    let best = Processor.detectedLevel()
    let level: Processor.Level
    switch arguments[CommonOptions.processor] {
    case .auto: level = best
    case .avx512: level = .avx512
    case .avx2: level = .avx2
    case .portable: level = .portable
    }
    guard level.rawValue <= best.rawValue else {
      throw UsageError(
        "this processor does not run \(level.name) kernels, at best \(best.name)", field: "--cpu")
    }
    let threads = arguments[CommonOptions.threads] ?? Processor.coreCount()
    context = ExecutionContext(
      options: KernelOptions(threads: threads, level: level), memoryLimit: arguments[CommonOptions.memory])
    console.detail("kernels: \(level.name), threads: \(threads)")
  }
}
