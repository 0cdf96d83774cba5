import Adapters
import Analysis
import Execution
import Kernels
package import Operators
import Tensors
import Training

extension Benchmark {
  /// Times a training step: cross-entropy on 3 classes, clipping and Adam, as METHOD, section 3, has them.
  ///
  /// - Parameter isInterrupted: asked before each micro-batch.
  /// - Throws: `RunInterrupted` where it says so.
  package static func training(
    _ path: String, _ options: Options, _ injection: Injection, context: ExecutionContext,
    isInterrupted: () -> Bool = { false }
  ) throws -> BenchmarkResult {
    let start = ContinuousClock.now
    let file = try ModelFile(path)
    let openSeconds = (ContinuousClock.now - start).inSeconds
    let model = try file.located { try file.bound(imageSide: options.imageSide) }
    return try model.located {
      let adapted = try injection.apply(
        to: model.description, head: ClassificationHead(classes: 3), context: context)
      var settings = TrainerOptions(context: context)
      settings.microBatch = options.microBatch.map { min($0, options.batch) }
      let groups = [
        ParameterGroup(
          name: "adapter", parameters: adapted.names(in: .adapter) + adapted.names(in: .backbone),
          learningRate: 1e-3),
        ParameterGroup(name: "head", parameters: adapted.names(in: .head), learningRate: 1e-4),
      ]
      let task = ClassificationTask()
      let trained = try adapted.trainedModel(task)
      let trainer = try Trainer(
        trained, groups: groups, objective: task.objective, options: settings, registry: ModelFile.registry)
      let compiled = CompiledModel(trained, registry: ModelFile.registry, context: context)
      let images = try randomImages(
        try compiled.graph(batch: 1), count: options.batch, isInterrupted: isInterrupted)
      let targets = try Tensor((0..<options.batch).map { Int64($0 % 3) })
      func step() throws {
        _ = try RunInterrupted.translating {
          try trainer.step([images], targets: targets, isInterrupted: isInterrupted)
        }
      }
      try step()
      let loadSeconds = (ContinuousClock.now - start).inSeconds
      var machine = MachinePeak(context.options)
      let timing = try Timing.measure(runs: options.runs, warmUp: 1, pause: { machine.sample() }) { _ in
        try step()
      }
      let peak = ProcessMemory.peakByteCount
      let sessions = try trainer.sessions(images: options.batch)
      return BenchmarkResult(
        mode: "train", batch: options.batch, microBatch: trainer.microBatch, threads: context.options.threads,
        level: context.options.level, timing: timing, openSeconds: openSeconds, loadSeconds: loadSeconds,
        peakByteCount: peak, plannedByteCount: sessions.map(\.plan.plannedByteCount).max() ?? 0,
        operations: sessions.reduce(0) { $0 + $1.plan.operations },
        machineGigaflops: machine.gigaflops,
        profile: options.isProfiled ? try profile(sessions, runs: 3, isInterrupted: isInterrupted) : [],
        rules: options.isProfiled ? sessions.first?.plan.graph.rules ?? [] : [], bound: model.bound,
        warnings: model.warnings)
    }
  }
}
