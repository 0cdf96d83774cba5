import Datasets
import Operators
import Tensors
import Training

/// What a training holds in memory at the same time, compared with what may be planned before any of it is allocated.
///
/// Each plan is compared alone when it is made; a training holds several of them, and images, beside one another.
struct TrainingMemory {
  private let parts: [MemoryPart]
  private let budget: MemoryBudget

  /// The parts of a training that is about to begin.
  init(_ material: TrainingLoop.Material) throws {
    let (trainer, configuration) = (material.trainer, material.configuration)
    let (images, validation) = (material.training.samples.count, material.validation.samples.count)
    let batch = min(configuration.batch, images)
    var parts = try trainer.memoryParts(images: batch, isValidated: validation > 0)
    func kept(_ count: Int, _ kind: String, copies: Int = 1) throws -> MemoryPart {
      MemoryPart(
        "values of \(counted(count, "\(kind) image"))",
        Int.boundedProduct(count, copies * (try trainer.featureByteCount())))
    }
    if configuration.augmentation == .none, try trainer.hasPrefix() {
      // The search for the head's learning rate divides them into folds where no others measure.
      let isDivided = trainer.isHeadAlone && configuration.headLearningRate == nil && validation == 0
      parts += [try kept(images, "training", copies: isDivided ? 2 : 1), try kept(batch, "batch")]
    } else {
      let bytes = Int.boundedProduct(batch, material.preprocessing.elementCount * 4)
      parts.append(MemoryPart("batches of images", Int.boundedProduct(bytes, TrainingMemory.loadedBatches)))
    }
    if validation > 0 { parts.append(try kept(validation, "validation")) }
    // The parameters and both moments of a checkpoint, and the parameters of the best epoch.
    parts.append(MemoryPart("copies of the parameters", Int.boundedProduct(trainer.parameterByteCount, 4)))
    self.parts = parts
    budget = material.trainer.context.memoryBudget
  }

  /// Batches that a loader holds: those ahead, the next one, and the one in use.
  private static let loadedBatches = 4

  /// Bytes of all parts together.
  var byteCount: Int { parts.reduce(0) { min($0 + $1.byteCount, .addressable) } }

  /// Refuses what does not fit, with every part and its size.
  ///
  /// - Returns: bytes that are left.
  func requireRoom() throws -> Int {
    // What is held already counts against a limit; it is not free any more.
    let counted = budget.isGiven ? parts : parts.filter { !$0.isHeld }
    let needed = counted.reduce(0) { min($0 + $1.byteCount, .addressable) }
    guard budget.allows(needed) else {
      throw TrainingMemoryError(parts: counted, needed: needed, budget: budget)
    }
    return budget.byteCount - needed
  }
}

/// A training that needs more memory than there is.
struct TrainingMemoryError: ReportableError {
  let parts: [MemoryPart]
  let needed: Int
  let budget: MemoryBudget

  var failureCode: FailureCode { .workFailed }
  var message: String {
    let sizes = parts.sorted { $0.byteCount > $1.byteCount }.map { "\($0.name) \($0.byteCount)" }
    return "training needs \(needed) bytes at the same time, "
      + (budget.isGiven ? "the limit is \(budget.byteCount)" : "\(budget.byteCount) are free")
      + ": \(sizes.joined(separator: ", "))"
  }
  var hint: String? {
    "use a smaller --batch or --micro-batch" + (budget.isGiven ? ", or allow more with --memory" : "")
  }
}
