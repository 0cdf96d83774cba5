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
  /// Bottleneck of adapters that are put in, where the options name none; nil for the method's own.
  package var bottleneck: Int?
  /// Points given by hand, or nil for the family's own.
  package var placement: HandPlacement?
  /// Seed of the start values.
  package var seed = 7

  /// Dual-Kernel Adapters with their defaults.
  package init() {}

  /// The adapted model.
  ///
  /// A model that has Dual-Kernel Adapters already keeps them: they train further where adapters are to be put in.
  ///
  /// - Parameter head: the new head, or nil to keep the old one.
  package func apply(to model: ModelDescription, head: (any TaskHead)?, context: ExecutionContext) throws
    -> AdaptedModel
  {
    if let installed = try installed(in: model) {
      return try again(installed, head: head, context: context)
    }
    let (method, layout) = try fit(to: model, context: context)
    return try AdaptedModel(
      model, layout, method: method, head: head, seed: seed,
      memoryLimit: context.memoryBudget.byteCount)
  }

  /// What was recognised of a network.
  ///
  /// - Throws: where the method has no place in it.
  package func layout(of model: ModelDescription, context: ExecutionContext) throws -> BackboneLayout {
    if let installed = try installed(in: model) { return try found(installed, context: context).layout }
    return try fit(to: model, context: context).layout
  }

  private func fit(to model: ModelDescription, context: ExecutionContext) throws -> (
    method: any AdapterMethod, layout: BackboneLayout
  ) {
    var options = options
    if let bottleneck, options["dim"] == nil, method == DualKernelAdapter.name {
      options["dim"] = "\(bottleneck)"
    }
    let method = try AdapterRegistry.standard.method(method, options: options)
    let recognition = try Injection.recognize(model, context: context)
    return (method, try Injection.layout(of: recognition, for: method, at: placement))
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
