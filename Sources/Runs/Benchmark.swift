package import Analysis
package import Execution
import Graphs
package import Kernels
package import Operators
package import TensorFiles
package import Tensors
import Training

/// What a benchmark measured.
package struct BenchmarkResult: Sendable {
  /// Time that one operator takes, summed over its nodes.
  package struct OperatorTime: Sendable {
    /// Operator.
    package var name: String
    /// Kernel that was chosen, of an operator that has several.
    package var kernel: String?
    /// Part of the step in which it stands.
    package var phase: LoweredNode.Phase
    /// Nodes.
    package var calls: Int
    /// Seconds per run.
    package var seconds: Double
    /// Floating-point operations per run.
    package var operations: Int
    /// Bytes read and written per run.
    package var bytes: Int
  }
  /// `inference` or `train`.
  package var mode: String
  /// Images per run.
  package var batch: Int
  /// Images per micro-batch.
  package var microBatch: Int
  /// Threads.
  package var threads: Int
  /// Kernels.
  package var level: Processor.Level
  /// Seconds per run.
  package var timing: Timing
  /// Seconds to open the file.
  package var openSeconds: Double
  /// Seconds to open, lower, fuse, pack and plan.
  package var loadSeconds: Double
  /// Largest resident memory in bytes.
  package var peakByteCount: Int
  /// Memory that the plan asks for in bytes.
  package var plannedByteCount: Int
  /// Floating-point operations per run.
  package var operations: Int
  /// Peak of the machine with these threads and kernels in GFLOP/s, the median of what was measured between the runs.
  package var machineGigaflops: Double
  /// Time per operator, longest first; empty without a profile.
  package var profile: [OperatorTime]
  /// What rules did to the graph of the first part; empty without a profile.
  package var rules: [RuleOutcome]
  /// What the file leaves open of its images and was bound; nil for nothing.
  package var bound: BoundExtents?
  /// What is odd in the file without keeping it from being measured.
  package var warnings: [String]

  /// GFLOP/s of the median run.
  package var gigaflops: Double { Double(operations) / timing.median / 1e9 }
}

/// Times a model on random images.
package enum Benchmark {
  /// What to time.
  package struct Options: Sendable {
    /// Images per run.
    package var batch = 1
    /// Images per micro-batch; nil chooses.
    package var microBatch: Int?
    /// Runs that count.
    package var runs = 10
    /// Whether every node is timed.
    package var isProfiled = false
    /// Whether a training step learns masks rather than classes.
    package var trainsMasks = false
    /// Side of the image input where the model leaves it open.
    package var imageSide: Int?

    /// One image, ten runs.
    package init() {}
  }

  /// Times inference.
  ///
  /// - Parameter isInterrupted: asked before each micro-batch.
  /// - Throws: `RunInterrupted` where it says so.
  package static func inference(
    _ path: String, _ options: Options, context: ExecutionContext, isInterrupted: () -> Bool = { false }
  ) throws -> BenchmarkResult {
    let start = ContinuousClock.now
    let file = try ModelFile(path)
    let openSeconds = (ContinuousClock.now - start).inSeconds
    let model = try file.located { try file.bound(imageSide: options.imageSide) }
    return try model.located {
      let compiled = CompiledModel(model.description, registry: ModelFile.registry, context: context)
      let size = try options.microBatch ?? compiled.suitableMicroBatch()
      let runner = MicroBatchRunner(size: min(size, options.batch)) { count in
        try compiled.plan(try compiled.graph(batch: count))
      }
      let ranges = runner.ranges(of: options.batch)
      for range in ranges { _ = try runner.session(for: range.count) }
      let loadSeconds = (ContinuousClock.now - start).inSeconds
      let images = try randomImages(
        try compiled.graph(batch: 1), count: options.batch, isInterrupted: isInterrupted)
      var machine = MachinePeak(context.options)
      // A single part finds its input in place, as the peers' bound inputs are.
      if ranges.count == 1 { try runner.session(for: options.batch).setInput(0, to: images) }
      let timing = try Timing.measure(runs: options.runs, warmUp: 2, pause: { machine.sample() }) { _ in
        for range in ranges {
          guard !isInterrupted() else { throw RunInterrupted() }
          let session = try runner.session(for: range.count)
          if ranges.count > 1 { try session.setInput(0, to: images.rows(range)) }
          try session.run()
        }
      }
      let peak = ProcessMemory.peakByteCount
      let sessions = try ranges.map { try runner.session(for: $0.count) }
      return BenchmarkResult(
        mode: "inference", batch: options.batch, microBatch: runner.size, threads: context.options.threads,
        level: context.options.level, timing: timing, openSeconds: openSeconds, loadSeconds: loadSeconds,
        peakByteCount: peak, plannedByteCount: sessions.map(\.plan.plannedByteCount).max() ?? 0,
        operations: sessions.reduce(0) { $0 + $1.plan.operations },
        machineGigaflops: machine.gigaflops,
        profile: options.isProfiled
          ? try profile(sessions, runs: options.runs, isInterrupted: isInterrupted) : [],
        rules: options.isProfiled ? sessions.first?.plan.graph.rules ?? [] : [], bound: model.bound,
        warnings: model.warnings)
    }
  }

  /// Normal random images [n, channels, H, W] for a graph lowered at batch 1.
  ///
  /// - Parameter isInterrupted: asked before each image.
  package static func randomImages(
    _ graph: LoweredGraph, count: Int, isInterrupted: () -> Bool = { false }
  ) throws -> Tensor {
    guard let input = graph.inputs.first, graph.type(input).elementType == .float32 else {
      throw InputError(message: "the model's first input is not float", tensor: graph.inputs.first, hint: nil)
    }
    guard let shape = Shape(checking: [count] + graph.type(input).shape.extents.dropFirst()),
      MemoryBudget(limit: nil).allows(4 * shape.elementCount)
    else {
      throw InputError(
        message: "\(count) images of \(graph.type(input)) don't fit into memory", tensor: input,
        hint: "use a smaller --batch")
    }
    var random = Random(7, 0)
    var numbers: [Float] = []
    numbers.reserveCapacity(shape.elementCount)
    let perImage = shape.elementCount / max(count, 1)
    for _ in 0..<count {
      guard !isInterrupted() else { throw RunInterrupted() }
      for _ in 0..<perImage { numbers.append(Float(random.normal())) }
    }
    return try Tensor(numbers, shape: shape)
  }

  /// Time per operator over all sessions of a run.
  ///
  /// - Parameter isInterrupted: asked before each session's run.
  package static func profile(
    _ sessions: [Session], runs: Int, isInterrupted: () -> Bool = { false }
  ) throws -> [BenchmarkResult.OperatorTime] {
    var times: [BenchmarkResult.OperatorTime] = []
    for session in sessions {
      let profile = Profile(of: session.plan)
      for _ in 0..<runs {
        guard !isInterrupted() else { throw RunInterrupted() }
        try session.run(profile: profile)
      }
      for (index, node) in session.plan.graph.nodes.enumerated() {
        let kernel = session.plan.kernels[index]
        let entry = BenchmarkResult.OperatorTime(
          name: node.operatorName.description,
          kernel: kernel.name, phase: node.phase, calls: 1,
          seconds: profile.seconds[index] / Double(runs), operations: kernel.operations,
          bytes: session.plan.bytesMoved(by: index))
        if let known = times.firstIndex(where: {
          $0.name == entry.name && $0.kernel == entry.kernel && $0.phase == entry.phase
        }) {
          times[known].calls += 1
          times[known].seconds += entry.seconds
          times[known].operations += entry.operations
          times[known].bytes += entry.bytes
        } else {
          times.append(entry)
        }
      }
    }
    return times.sorted { $0.seconds > $1.seconds }
  }
}

extension BenchmarkResult {
  /// The object that CLI.md calls `bench`.
  package var json: JSONObject {
    var object: JSONObject = [
      "mode": .string(mode), "batch": .integer(batch), "micro_batch": .integer(microBatch),
      "precision": "fp32",
      "threads": .integer(threads), "kernels": .string(level.name), "runs": .integer(timing.seconds.count),
      "seconds": [
        "median": .number(timing.median), "min": .number(timing.smallest), "max": .number(timing.largest),
      ],
      "images_per_second": .number(Double(batch) / timing.median), "open_seconds": .number(openSeconds),
      "load_seconds": .number(loadSeconds), "peak_bytes": .integer(peakByteCount),
      "planned_bytes": .integer(plannedByteCount),
      "flops": .integer(operations),
      "gflops": .number(gigaflops), "machine_gflops": .number(machineGigaflops),
      "share_of_peak": .number(gigaflops / machineGigaflops), "bound": bound?.json ?? .null,
    ]
    if !profile.isEmpty {
      object["operators"] = .array(
        profile.map { entry in
          [
            "operator": .string(entry.name), "kernel": JSONValue(entry.kernel),
            "phase": .string(entry.phase.rawValue),
            "calls": .integer(entry.calls), "seconds": .number(entry.seconds),
            "gflops": .number(Double(entry.operations) / max(entry.seconds, 1e-12) / 1e9),
            "gbytes_per_second": .number(Double(entry.bytes) / max(entry.seconds, 1e-12) / 1e9),
          ]
        })
      object["rules"] = .array(rules.map(\.json))
    }
    return object
  }
}
