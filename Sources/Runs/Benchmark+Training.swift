import Adapters
import Analysis
import Backbones
import Execution
import Kernels
package import Operators
import Tensors
import Training

extension Benchmark {
  /// Times a training step: cross-entropy on 3 classes, clipping and Adam, as METHOD, section 3, has them.
  ///
  /// A head for pixels that the file has trains with its own classes.
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
      let (task, head) = try subject(of: model, options, context)
      let adapted = try injection.apply(to: model.description, head: head, context: context)
      var settings = TrainerOptions(context: context)
      settings.microBatch = options.microBatch.map { min($0, options.batch) }
      let groups = [
        ParameterGroup(
          name: "adapter", parameters: adapted.names(in: .adapter) + adapted.names(in: .backbone),
          learningRate: 1e-3),
        ParameterGroup(name: "head", parameters: adapted.names(in: .head), learningRate: 1e-4),
      ]
      let trained = try adapted.trainedModel(task)
      let trainer = try Trainer(
        trained, groups: groups, objective: task.objective, options: settings, registry: ModelFile.registry)
      let compiled = CompiledModel(trained, registry: ModelFile.registry, context: context)
      let images = try randomImages(
        try compiled.graph(batch: 1), count: options.batch, isInterrupted: isInterrupted)
      let targets = try targets(of: try trainer.outputType(), task.objective, count: options.batch)
      func step() throws {
        _ = try RunInterrupted.translating {
          try trainer.step(
            [images], targets: targets, keys: Array(0..<options.batch), isInterrupted: isInterrupted)
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

  /// What is learned, and the new head, where the file's own does not suit.
  private static func subject(of model: ModelFile, _ options: Options, _ context: ExecutionContext) throws
    -> (
      task: any Task, head: (any TaskHead)?
    )
  {
    guard options.trainsMasks else { return (ClassificationTask(), ClassificationHead(classes: 3)) }
    let layout = try Injection.recognize(model.description, context: context).layout
    return (SegmentationTask(), layout?.decoder == nil ? DenseHead(classes: 3) : nil)
  }

  /// Classes 0, 1, 2 in turn, for every image or every pixel.
  private static func targets(of output: ValueType?, _ objective: any Objective, count: Int) throws -> Tensor
  {
    guard let output else { throw TrainingError.unsuitable("the model has no output") }
    let extents = [count] + output.shape.extents.dropFirst()
    let type = try objective.targets(for: ValueType(output.elementType, Shape(extents)))
    let classes = min(output.shape.rank > 1 ? output.shape[1] : 3, 3)
    return type.elementType == .int32
      ? try Tensor((0..<type.shape.elementCount).map { Int32($0 / 7 % classes) }, shape: type.shape)
      : try Tensor((0..<count).map { Int64($0 % classes) })
  }
}
