import Adapters
import Execution
import Graphs
import Operators
import Rewriting
import TensorFiles
import Tensors

/// An adapted model for any number of images, where its file was exported for one.
///
/// Users of a model that was trained expect to feed batches. What is changed is written down, and a batch of two is computed
/// before anything is written: where it differs from the two images one by one the file keeps its batch.
struct OpenBatch {
  private let edits: [BatchEdit]
  private let image: String
  private let axes: [String: Int]
  private let replacesComputedShapes: Bool
  /// What was changed, a line per node.
  let changes: [String]

  /// What opens the batch of an adapted model; nil where it is open already.
  ///
  /// - Parameter model: the adapted model, with extents bound.
  /// - Throws: `FixedBatch` where it can't be opened.
  init?(_ model: ModelDescription, context: ExecutionContext) throws {
    guard let input = model.graph.requiredInputs.first, case .tensor(_, let dimensions?)? = input.type?.kind,
      case .value(let extent)? = dimensions.first?.extent
    else { return nil }
    guard extent == 1 else { throw FixedBatch(reason: "it was exported for \(extent) images") }
    guard model.graph.requiredInputs.count == 1 else { throw FixedBatch(reason: "it has several inputs") }
    let lowering = Lowering(registry: ModelFile.registry, context: context)
    let (one, two) = (try lowering.lower(model, batch: 1), try lowering.lower(model, batch: 2))
    var axes: [String: Int] = [:]
    for (name, type) in two.types {
      guard let before = one.types[name]?.shape, before.rank == type.shape.rank else { continue }
      let differing = before.extents.indices.filter { before[$0] != type.shape[$0] }
      if differing.count == 1 { axes[name] = differing[0] }
    }
    (edits, image, self.axes) = (two.batchEdits, input.name, axes)
    var opened = try model.graph.openingBatch(edits, image: image, batchAxes: axes)
    var description = model
    description.graph = opened.graph
    // Where an exporter computed height and width from the images' shape, but not the batch, its targets are computed and still fixed.
    let isFixed = dimensions.dropFirst().allSatisfy { if case .value = $0.extent { true } else { false } }
    replacesComputedShapes = isFixed && (try? lowering.lowerOpen(description, batch: 2)) == nil
    if replacesComputedShapes {
      opened = try model.graph.openingBatch(
        edits, image: image, batchAxes: axes, replacesComputedShapes: true)
      description.graph = opened.graph
    }
    changes = opened.changes
    try OpenBatch.prove(description, like: model, context)
  }

  /// The model with other weights, opened likewise.
  func applied(to model: ModelDescription) throws -> ModelDescription {
    var result = model
    result.graph = try model.graph.openingBatch(
      edits, image: image, batchAxes: axes, replacesComputedShapes: replacesComputedShapes
    ).graph
    return result
  }

  /// Largest difference that sums in another order may make, relative to the largest output.
  private static let tolerance = 1e-4

  /// Largest difference of numbers, relative to the largest; of whole numbers, such as classes of pixels, the share that is another one.
  private static func difference(_ found: Tensor, reference: Tensor) -> Double? {
    if let found = found.doubles, let reference = reference.doubles {
      var difference = OutputDifference()
      difference.add(found, reference: reference)
      return difference.relative
    }
    guard let found = found.integers, let reference = reference.integers, found.count == reference.count
    else {
      return nil
    }
    return Double(zip(found, reference).count { $0 != $1 }) / Double(max(found.count, 1))
  }

  /// Computes two images in a batch and one by one.
  private static func prove(
    _ opened: ModelDescription, like model: ModelDescription, _ context: ExecutionContext
  )
    throws
  {
    // A file whose numbers are still those of one image would be computed all the same, rewritten on the way.
    do {
      let lowering = Lowering(registry: ModelFile.registry, context: context)
      guard try lowering.lowerOpen(opened, batch: 2) != nil else {
        throw FixedBatch(reason: "its batch stays fixed")
      }
    } catch let error as LoweringError {
      throw FixedBatch(reason: "two images in a batch are refused: \(error.message)")
    }
    let batched = CompiledModel(opened, registry: ModelFile.registry, context: context)
    let graph = try batched.graph(batch: 2)
    let images = try Benchmark.randomImages(graph, count: 2)
    let together = try Session(try batched.plan(graph)).run([images])
    let single = CompiledModel(model, registry: ModelFile.registry, context: context)
    let session = try Session(try single.plan(try single.graph(batch: 1)))
    for row in 0..<2 {
      let alone = try session.run([images.rows(row..<row + 1)])
      for (index, output) in alone.enumerated() {
        guard together[index].shape.rank > 0, together[index].shape[0] == 2 * output.shape[0],
          let difference = difference(
            together[index].rows(row * output.shape[0]..<(row + 1) * output.shape[0]), reference: output)
        else {
          throw FixedBatch(
            reason: "output '\(graph.outputs[index])' does not hold the images one after the other")
        }
        guard difference <= tolerance else {
          throw FixedBatch(
            reason: "two images in a batch differ by \(Float(difference)) from the same one by one")
        }
      }
    }
  }
}
