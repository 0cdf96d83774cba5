import Backbones
package import Datasets
import Execution
import Graphs
import Kernels
package import Operators
import Tensors

/// How far the outputs of one model are from those of another on the same images.
public struct OutputDifference: Sendable, Equatable {
  /// Largest absolute difference of two elements; infinite where one of them alone is not a number.
  public private(set) var largest = 0.0
  /// Largest magnitude in the other model's outputs.
  public private(set) var scale = 0.0
  /// Images compared.
  public private(set) var images = 0
  /// Of these the ones for which one of the models gave something that is no finite number.
  public private(set) var imagesNotFinite = 0

  /// Nothing compared yet.
  package init() {}

  /// `largest` as a share of `scale`; 0 where both are 0, `largest` itself where only the scale is.
  public var relative: Double { scale == 0 ? largest : largest / scale }

  /// Takes up the outputs for some more images.
  package mutating func add(_ outputs: [Double], reference: [Double], images count: Int = 1) {
    precondition(outputs.count == reference.count, "outputs of equal size")
    for (x, y) in zip(outputs, reference) where x != y && !(x.isNaN && y.isNaN) {
      let distance = abs(x - y)
      largest = max(largest, distance.isNaN ? .infinity : distance)
    }
    scale = reference.reduce(scale) { max($0, abs($1)) }
    if !(outputs + reference).allSatisfy(\.isFinite) { imagesNotFinite += count }
    images += count
  }
}

extension ModelFile {
  /// How far this model's score output is from another's, image by image; of networks without one the first output.
  ///
  /// - Parameters:
  ///   - samples: the images; four random ones without.
  ///   - preparing: how they are prepared for both models; not asked for random ones.
  ///   - isInterrupted: asked before each image.
  package func difference(
    from other: ModelFile, on samples: [Sample]?, preparing: () throws -> Preprocessing,
    context: ExecutionContext, isInterrupted: () -> Bool = { false }
  ) throws -> OutputDifference {
    let model = try located { try bound(imageSide: nil) }
    // Both get the same images.
    let other = try other.located { try other.bound(for: model) }
    let ours = try model.session(context)
    let theirs = try other.session(context)
    var difference = OutputDifference()
    func add(_ image: Tensor) throws {
      let outputs = try located { try ours.run([image]).first?.doubles ?? [] }
      let reference = try other.located { try theirs.run([image]).first?.doubles ?? [] }
      guard outputs.count == reference.count else {
        throw InputError(
          message: "the outputs of '\(path)' and '\(other.path)' have \(outputs.count) and "
            + "\(reference.count) elements",
          tensor: nil, hint: "compare models of the same classes")
      }
      difference.add(outputs, reference: reference)
    }
    guard let samples else {
      let images = try Benchmark.randomImages(ours.plan.graph, count: 4)
      for row in 0..<4 { try add(images.rows(row..<row + 1)) }
      return difference
    }
    var options = BatchLoader.Options()
    options.batchSize = 1
    options.isShuffled = false
    options.threads = context.options.threads
    let loader = BatchLoader(samples, preprocessing: try preparing(), options: options)
    loader.start(epoch: 0)
    while let batch = try RunInterrupted.translating({ try loader.next(isInterrupted: isInterrupted) }) {
      try add(batch.images)
    }
    return difference
  }

  /// A session that runs one image at a time.
  private func session(_ context: ExecutionContext) throws -> Session {
    try located {
      let compared = try scoreOutput(context)?.name ?? description.graph.outputs.first?.name
      let compiled = CompiledModel(
        description.delivering(compared.map { [$0] } ?? []), registry: Self.registry, context: context)
      return try Session(try compiled.plan(try compiled.graph(batch: 1)))
    }
  }
}
