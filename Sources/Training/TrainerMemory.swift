import Execution

/// A part of what training holds in memory at the same time.
package struct MemoryPart: Sendable, Equatable {
  /// What it is, as an error says it.
  package var name: String
  /// Its bytes.
  package var byteCount: Int
  /// Whether it is allocated already, so that it is not free any more.
  package var isHeld: Bool

  /// A part that is still to be allocated, unless it is held.
  package init(_ name: String, _ byteCount: Int, isHeld: Bool = false) {
    (self.name, self.byteCount, self.isHeld) = (name, byteCount, isHeld)
  }
}

extension Trainer {
  /// What this trainer holds while it trains in batches: variables, constants, and a session of each kind.
  ///
  /// Plans are made for it, sessions are not. Sessions of one kind lie in the same memory, those of different kinds do not.
  ///
  /// - Parameters:
  ///   - images: images per batch.
  ///   - isValidated: whether the model is evaluated as well.
  package func memoryParts(images: Int, isValidated: Bool) throws(TrainingError) -> [MemoryPart] {
    do {
      let count = steps.ranges(of: images).map(\.count).max() ?? 1
      func part(_ name: String, _ runner: MicroBatchRunner) throws -> MemoryPart {
        MemoryPart(
          "\(name) of \(count == 1 ? "1 image" : "\(count) images")",
          try runner.plan(for: count).sessionByteCount)
      }
      var parts = [try part("a training step", steps)]
      if isValidated { parts.append(try part("an evaluation", evaluations)) }
      if try compiler.hasPrefix { parts.append(try part("what does not change", prefixes)) }
      return [
        MemoryPart("parameters, moments and gradients", variables.byteCount, isHeld: true),
        MemoryPart("rearranged constants", compiler.heldByteCount, isHeld: true),
        MemoryPart("the update", update.plan.sessionByteCount, isHeld: true),
      ] + parts
    } catch { throw TrainingError(wrapping: error) }
  }

  /// Bytes per image of what `features(of:)` gives.
  package func featureByteCount() throws(TrainingError) -> Int {
    do { return try compiler.featureByteCount } catch { throw TrainingError(wrapping: error) }
  }

  /// Bytes of the trained parameters.
  package var parameterByteCount: Int {
    parameterNames.reduce(0) { $0 + (variables.byteCount(of: $1) ?? 0) }
  }
}
