import DKA

/// `dka bench`: time and memory of inference or of a training step.
struct BenchCommand: Command {
  /// Number formats that are computed with.
  enum Precision: String, CaseIterable, Sendable { case fp32 }

  static let name = "bench"
  static let summary = "measures inference, or with --train a training step"
  static let discussion = """
    Images are random. A training step is cross-entropy on 3 classes, clipping and Adam, with the method of --method
    put into the model. The share of peak compares with a loop of multiply-adds on registers, measured here.
    """
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to measure")
  static let train = Option(flag: "train", "measure the training step of --method")
  static let task = Option(
    "task", .word(of: TaskRegistry.names), default: TaskRegistry.names[0],
    "what the step learns; segmentation trains the head for pixels that the file has, or a new one")
  static let batch = Option("batch", .integer(1...65536), default: 1, "images per run")
  static let microBatch = Option(
    "micro-batch", .integer(1...65536), "images computed at a time; chosen without it")
  static let runs = Option("runs", .integer(1...100_000), default: 10, "runs that count")
  static let precision = Option("precision", .choice(of: Precision.self), default: .fp32, "number format")
  static let profile = Option(flag: "profile", "time every operator, and tell what was fused")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup(
        "Options",
        [train, task, batch, microBatch, runs, PreprocessingOptions.imageSize, precision, profile]
          as [any ArgumentDefinition]),
      MethodOptions.group,
    ]
  }
  static let examples = [
    CommandExample("one image at a time", "bench vit.onnx"),
    CommandExample("where a training step spends its time", "bench vit.onnx --train --batch 8 --profile"),
  ]

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) { self.arguments = arguments }

  func run(_ console: Console) throws -> ExitCode {
    var options = Benchmark.Options()
    options.batch = arguments[Self.batch]
    options.microBatch = arguments[Self.microBatch]
    options.runs = arguments[Self.runs]
    options.isProfiled = arguments[Self.profile]
    options.trainsMasks = arguments[Self.task] == SegmentationTask.name
    options.imageSide = arguments[PreprocessingOptions.imageSize]
    let context = try ComputeOptions(arguments, console).context
    let path = arguments[Self.model]
    let result =
      arguments[Self.train]
      ? try Benchmark.training(
        path, options, MethodOptions.injection(arguments), context: context,
        isInterrupted: { console.isInterrupted })
      : try Benchmark.inference(
        path, options, context: context, isInterrupted: { console.isInterrupted })
    for line in result.warnings { console.warn(line) }
    if let bound = result.bound { console.note(bound.note) }
    try console.result(json: .object(result.json), text: text(result))
    return .done
  }

  private func text(_ result: BenchmarkResult) -> String {
    let timing = result.timing
    func milliseconds(_ seconds: Double) -> String { Quantities.fixed(seconds * 1000, 2) + " ms" }
    var lines = [
      "\(result.mode), batch \(result.batch) in parts of \(result.microBatch), \(result.threads) threads, "
        + "\(result.level.name) kernels",
      "time         \(milliseconds(timing.median)) median of \(timing.seconds.count) "
        + "(\(milliseconds(timing.smallest)) … \(milliseconds(timing.largest)))",
      "throughput   \(Quantities.rate(Double(result.batch) / timing.median)) images/s",
      "arithmetic   \(Quantities.fixed(result.gigaflops, 1)) GFLOP/s, "
        + "\(Quantities.percent(result.gigaflops / result.machineGigaflops)) of the measured "
        + "\(Quantities.fixed(result.machineGigaflops, 1))",
      "loading      \(milliseconds(result.loadSeconds)), of which opening the file \(milliseconds(result.openSeconds))",
      "peak memory  \(Quantities.bytes(result.peakByteCount)), planned \(Quantities.bytes(result.plannedByteCount))",
    ]
    guard !result.profile.isEmpty else { return lines.joined(separator: "\n") }
    var table = Table([
      ("operator", .left), ("phase", .left), ("calls", .right), ("ms", .right), ("GFLOP/s", .right),
      ("GB/s", .right),
    ])
    for entry in result.profile {
      let seconds = max(entry.seconds, 1e-12)
      table.add([
        entry.kernel.map { "\(entry.name) (\($0))" } ?? entry.name, entry.phase.rawValue, String(entry.calls),
        Quantities.fixed(entry.seconds * 1000, 2),
        Quantities.fixed(Double(entry.operations) / seconds / 1e9, 1),
        Quantities.fixed(Double(entry.bytes) / seconds / 1e9, 1),
      ])
    }
    lines += ["", table.text, ""] + result.rules.map(\.line)
    return lines.joined(separator: "\n")
  }
}
