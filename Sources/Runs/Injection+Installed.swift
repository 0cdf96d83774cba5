package import Adapters
package import Backbones
package import Graphs
package import Operators
import Tensors

extension Injection {
  /// The adapters that a model has, where the method puts some in.
  package func installed(in model: ModelDescription) throws -> InstalledAdapters? {
    guard placement == nil, try AdapterRegistry.standard.method(method, options: options).placement != nil
    else {
      return nil
    }
    return InstalledAdapters(in: model)
  }

  /// How a model's adapters were put in.
  ///
  /// - Throws: where no known way makes them again, or where an option says something else.
  package func found(_ installed: InstalledAdapters, context: ExecutionContext) throws -> (
    method: any AdapterMethod, layout: BackboneLayout
  ) {
    try found(installed, in: try Injection.recognize(installed.base, context: context))
  }

  /// How they were put in, where the network around them has been looked at already.
  func found(_ installed: InstalledAdapters, in recognition: Recognition) throws -> (
    method: any AdapterMethod, layout: BackboneLayout
  ) {
    for way in installed.ways {
      guard let method = try? AdapterRegistry.standard.method(method, options: way.options),
        let layout = try? Injection.layout(of: recognition, for: method, at: way.placement),
        let adapted = try? AdaptedModel(installed.base, layout, method: method, seed: seed),
        installed.reproduces(adapted)
      else { continue }
      try requireSame(method.options)
      return (method, layout)
    }
    throw AdapterError(
      .unsupported,
      "the model has \(counted(installed.modules, "adapter module")) that are not built as dka builds them",
      hint: "start from the model without adapters, or train its head alone with --method linear")
  }

  /// Refuses options with another value than the adapters of the model have.
  private func requireSame(_ found: AdapterOptions) throws {
    for entry in options.entries where !["init", "dropout"].contains(entry.key) {
      guard let value = found[entry.key], value != entry.value else { continue }
      throw AdapterError(
        .usage, "the model has adapters with \(entry.key) \(value), '\(entry.value)' is given",
        field: "--\(entry.key)",
        hint: "leave --\(entry.key) out to train them further, or start from the model without adapters")
    }
  }

  /// The adapters as they are, with a head.
  func again(_ installed: InstalledAdapters, head: (any TaskHead)?, context: ExecutionContext) throws
    -> AdaptedModel
  {
    let (found, layout) = try found(installed, context: context)
    var options = found.options
    if let dropout = self.options["dropout"] { options["dropout"] = dropout }
    let method = try AdapterRegistry.standard.method(method, options: options)
    return try AdaptedModel(
      installed.base, layout, method: method, head: head, seed: seed,
      memoryLimit: context.memoryBudget.byteCount
    ).replacing(installed.tensors)
  }
}
