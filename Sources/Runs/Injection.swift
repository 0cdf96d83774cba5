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
    let layout = try Injection.layout(
      of: try Injection.recognize(model, context: context), for: method, at: placement)
    return try AdaptedModel(model, layout, method: method, classes: classes, seed: seed)
  }

  /// What a method needs to know of a network: one that puts nothing in needs the head alone, of any network.
  package static func layout(
    of recognition: Recognition, for method: any AdapterMethod, at placement: HandPlacement?
  ) throws -> BackboneLayout {
    if let placement { return try recognition.layout(at: placement) }
    return method.placement == nil ? try recognition.layoutOfHead() : try recognition.requireLayout()
  }

  /// What comparing a model with every known family gives.
  package static func recognize(_ model: ModelDescription, context: ExecutionContext) throws -> Recognition {
    try BackboneRegistry.standard.recognize(
      model, lowering: Lowering(registry: ModelFile.registry, context: context))
  }
}
