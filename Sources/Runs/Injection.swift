package import Adapters
package import Backbones
package import Graphs
package import Operators
import Tensors

/// What is put into a model, as the command line says it.
package struct Injection: Sendable {
  /// Name of the method.
  package var method = "dka"
  /// The method's options.
  package var options = AdapterOptions()
  /// Points given by hand, or nil for the family's own.
  package var placement: HandPlacement?
  /// Seed of the start values.
  package var seed = 7

  /// Dual-Kernel Adapters with their defaults.
  package init() {}

  /// The adapted model.
  ///
  /// - Parameter classes: number of classes of a new classifier, or nil to keep the old one.
  package func apply(to model: ModelDescription, classes: Int?, context: ExecutionContext) throws
    -> AdaptedModel
  {
    let method = try AdapterRegistry.standard.method(method, options: options)
    let recognition = try Injection.recognize(model, context: context)
    let layout =
      try placement.map { try recognition.layout(at: $0) } ?? recognition.requireLayout()
    return try AdaptedModel(model, layout, method: method, classes: classes, seed: seed)
  }

  /// What comparing a model with every known family gives.
  package static func recognize(_ model: ModelDescription, context: ExecutionContext) throws -> Recognition {
    try BackboneRegistry.standard.recognize(
      model, lowering: Lowering(registry: ModelFile.registry, context: context))
  }
}
