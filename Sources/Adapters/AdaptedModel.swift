public import Backbones
public import Graphs
import Rewriting
public import Tensors

/// A model with a method put in: the graph as it can be written, and which of its tensors train.
public struct AdaptedModel: Sendable {
  /// The learning-rate group of a tensor.
  public enum Group: String, Sendable, CaseIterable {
    /// Part of an adapter.
    case adapter
    /// Part of the classifier.
    case head
    /// A weight of the network itself.
    case backbone
  }

  /// A trainable tensor.
  public struct Parameter: Sendable, Hashable {
    /// The initializer's name.
    public let name: String
    /// Its group.
    public let group: Group
    /// Number of elements.
    public let count: Int
  }

  /// The adapted model.
  public private(set) var model: ModelDescription
  /// The trainable tensors: adapters block by block, then the network's own, then the classifier.
  public let parameters: [Parameter]
  /// The output of the classifier, new or recognised; nil where there is none or several could be it.
  public let classifierOutput: String?
  /// Number of adapters.
  public let modules: Int
  /// The values at which adapters stand.
  public let points: [String]
  /// What the placement comes to in this network, where that is not what its name says; nil elsewhere.
  public let placementNote: String?
  /// Values into which training puts dropout.
  public let dropoutPoints: [DropoutPoint]
  /// The method.
  public let method: any AdapterMethod
  /// How this model was made: method, its options, seed, head; in order.
  public let recipe: [(key: String, value: String)]
  /// What of it rebuilds the head; empty where the old one was kept.
  package let headRecipe: [(key: String, value: String)]

  /// Puts a method, and a new head where one is given, into a model.
  ///
  /// - Parameters:
  ///   - layout: what a recogniser found in the model.
  ///   - head: the new head, or nil to keep the old one.
  ///   - seed: decides the start of every new tensor.
  ///   - memoryLimit: bytes that new tensors may take while they are made.
  public init(
    _ model: ModelDescription, _ layout: BackboneLayout, method: any AdapterMethod,
    head: (any TaskHead)? = nil, seed: Int = 7, memoryLimit: Int = .max
  ) throws(AdapterError) {
    // A tensor is drawn, laid out, and encoded: three copies of four bytes an element.
    let elementLimit = memoryLimit / 12
    let operatorSet = try Self.checkedOperatorSet(of: model)
    let name = type(of: method).name
    let annotation = Self.annotation(of: method, in: model)
    let sites = try Self.sites(for: method, in: layout)
    let connections = try sites.map { (site) throws(AdapterError) in try Self.connection(of: method, at: site)
    }
    var values = connections.flatMap { [$0.input, $0.base, $0.replaced] }
    if let head {
      values += head.values(readIn: layout) + (layout.head?.layers.map(\.product) ?? [])
    }
    let model = layout.revealing(values, in: model)
    var adapted = model
    var scores = layout.decoder?.output ?? (layout.rivals.isEmpty ? layout.head?.output : nil)
    let installed = try head?.install(
      in: model.graph, layout,
      HeadContext(
        seed: seed, operatorSet: operatorSet, annotation: annotation, elementLimit: elementLimit))
    if let installed {
      adapted.graph = installed.graph
      scores = installed.output
    }
    if let scores { adapted.nameScoreOutput(scores) }
    var builder = AdapterBuilder(
      label: name, operatorSet: operatorSet, seed: seed, annotation: annotation, elementLimit: elementLimit,
      storedTypes: layout.storedTypes)
    let shared = Set(
      layout.blocks.filter { method.placement?.sharesWeights(in: $0) ?? false }.map(\.index))
    var points: [String] = []
    for (site, connection) in zip(sites, connections) {
      try builder.begin(site, isShared: shared.contains(site.block))
      let reading = builder.widened(connection)
      let result = try method.build(at: site, reading: reading, in: &builder)
      if result != reading.replaced {
        builder.patch.rewire(connection.replaced, to: builder.stored(result, like: connection.replaced))
      }
      points.append(connection.replaced)
    }
    if !sites.isEmpty {
      builder.patch.makeNodeNamesUnique(in: adapted.graph)
      do { adapted.graph = try adapted.graph.applying(builder.patch) } catch { throw .patching(error) }
    }
    parameters = Self.parameters(
      of: adapted.graph, layout, method, builder.patch, newHead: installed?.parameters)
    self.model = adapted
    classifierOutput = scores
    modules = sites.count
    self.points = points
    placementNote = method.placement?.note(in: layout)
    dropoutPoints =
      (method.dropout > 0
        ? builder.dropoutPoints.map { DropoutPoint(value: $0, share: method.dropout) } : [])
      + (installed?.dropoutPoints ?? [])
    self.method = method
    var recipe = [(key: "method", value: name)]
    recipe += method.options.entries.map { (key: $0.key, value: $0.value) }
    recipe.append((key: "seed", value: "\(seed)"))
    headRecipe = head?.recipe(in: layout) ?? []
    self.recipe = recipe + headRecipe
  }

  /// Number of trainable parameters, the classifier's excluded.
  public var trainableParameters: Int { count { $0 != .head } }

  /// Number of the classifier's parameters.
  public var headParameters: Int { count { $0 == .head } }

  /// What the network holds beside its weights and does not train: statistics of BatchNormalization, masks, and what a file has
  /// only gathered or derived, such as relative-position biases.
  public var frozen: (tensors: Int, elements: Int) {
    let trained = Set(parameters.map(\.name))
    let held = model.graph.initializers.filter {
      ($0.elementType.computed?.isFloatingPoint ?? false) && $0.shape.elementCount > 1
        && !trained.contains($0.name)
    }
    return (held.count, held.reduce(0) { $0 + $1.shape.elementCount })
  }

  /// Number of elements of all floating-point initializers of the adapted model.
  public var totalParameters: Int {
    model.graph.initializers.reduce(0) {
      $0 + (($1.elementType.computed?.isFloatingPoint ?? false) ? $1.shape.elementCount : 0)
    }
  }

  /// The output with the scores of the classes, nil where there is none.
  ///
  /// - Throws: where several outputs could be it, by their names.
  package func scoreOutput() throws(BackboneError) -> ScoreOutput? {
    try ScoreOutput.find(in: model, classifiers: classifierOutput.map { [$0] } ?? [])
  }

  /// Names of the tensors of a group.
  public func names(in group: Group) -> [String] { parameters.filter { $0.group == group }.map(\.name) }

  /// The same model with other content in some of its initializers.
  ///
  /// A weight that the file has in floats of 16 bits learns in float32, and is float32 in the result, with a Cast behind it.
  ///
  /// - Throws: where a tensor is unknown, or differs in type or shape.
  public func replacing(_ tensors: [(name: String, tensor: Tensor)]) throws(AdapterError) -> AdaptedModel {
    var result = self
    do {
      let wide = tensors.filter { $0.tensor.elementType == .float32 }.map(\.name)
      result.model.graph = try model.graph.widening(wide, metadata: Self.annotation(of: method, in: model))
    } catch let error as GraphPatchError { throw .patching(error) } catch {
      throw AdapterError(.workFailed, "no memory for the weights in float32", underlying: error)
    }
    for (name, tensor) in tensors {
      guard let index = result.model.graph.initializers.firstIndex(where: { $0.name == name }) else {
        throw AdapterError(.badData, "the model has no tensor '\(name)'", tensor: name)
      }
      let old = result.model.graph.initializers[index]
      guard old.shape == tensor.shape, old.elementType == tensor.elementType else {
        throw AdapterError(
          .badData,
          "tensor '\(name)' is \(tensor.elementType.name)\(tensor.shape), the model has "
            + "\(old.elementType.name)\(old.shape)", tensor: name)
      }
      result.model.graph.initializers[index].payload = .dense(tensor)
      result.model.graph.initializers[index].external = nil
    }
    return result
  }

  private func count(where isMeant: (Group) -> Bool) -> Int {
    parameters.reduce(0) { $0 + (isMeant($1.group) ? $1.count : 0) }
  }
}

extension AdaptedModel {
  /// What nodes that are added say of themselves; metadata of nodes came with IR 10.
  private static func annotation(of method: any AdapterMethod, in model: ModelDescription) -> [MetadataEntry]
  {
    model.irVersion >= 10 ? [MetadataEntry(key: "dka.method", value: type(of: method).name)] : []
  }

  private static func checkedOperatorSet(of model: ModelDescription) throws(AdapterError) -> Int {
    let version = Int(clamping: model.version(of: "") ?? 1)
    guard version >= 11 else {
      throw AdapterError(
        .unsupported, "the model uses operator set \(version), adapters need 11 or newer",
        hint: "export the model again with opset_version=17 or newer")
    }
    guard model.irVersion >= 4 else {
      throw AdapterError(
        .unsupported, "the model has IR version \(model.irVersion), adapters need 4 or newer",
        hint: "export the model again with a current exporter")
    }
    return version
  }

  private static func sites(for method: any AdapterMethod, in layout: BackboneLayout) throws(AdapterError)
    -> [InsertionSite]
  {
    guard let placement = method.placement else { return [] }
    if let highest = placement.blocks.highest, highest >= layout.blocks.count {
      throw .usage(
        "block \(highest) does not exist, the network has blocks 0 to \(layout.blocks.count - 1)",
        option: "blocks")
    }
    let sites = placement.sites(in: layout)
    guard !sites.isEmpty else {
      throw .usage(
        "no insertion point is left for placement '\(placement.kind.rawValue)'", option: "placement")
    }
    return sites
  }

  private static func connection(of method: any AdapterMethod, at site: InsertionSite) throws(AdapterError)
    -> AdapterConnection
  {
    switch method.placement?.kind {
    case .beforeAdd:
      guard let branch = site.branchOutput else { throw missing("added branch", "before-add", site) }
      return AdapterConnection(input: branch, base: branch, replaced: branch)
    case .parallel:
      guard let branch = site.branchOutput else { throw missing("added branch", "parallel", site) }
      guard let norm = site.normOutput else {
        throw missing("normalisation in front of its branch", "parallel", site)
      }
      return AdapterConnection(input: norm, base: branch, replaced: branch)
    default: return AdapterConnection(input: site.value, base: site.value, replaced: site.value)
    }
  }

  private static func missing(_ what: String, _ placement: String, _ site: InsertionSite) -> AdapterError {
    AdapterError(
      .unsupported, "placement '\(placement)' does not fit '\(site.value)': it has no \(what)",
      tensor: site.value,
      field: "--placement", hint: "use --placement both")
  }

  private static func parameters(
    of graph: Graph, _ layout: BackboneLayout, _ method: any AdapterMethod, _ patch: GraphPatch,
    newHead: [String]?
  ) -> [Parameter] {
    var counts: [String: Int] = [:]
    for initializer in graph.initializers { counts[initializer.name] = initializer.shape.elementCount }
    let old = (layout.decoder?.initializers ?? []) + (layout.head?.initializers ?? [])
    let head = newHead ?? layout.decoder?.initializers ?? layout.head?.initializers ?? []
    let backbone =
      method.trainsBackbone
      ? layout.weights.map(\.name).filter { !old.contains($0) && !head.contains($0) } : []
    let groups: [(names: [String], group: Group)] = [
      (patch.parameterNames(in: .adapter), .adapter), (backbone, .backbone), (head, .head),
    ]
    return groups.flatMap { names, group in
      names.compactMap { name in counts[name].map { Parameter(name: name, group: group, count: $0) } }
    }
  }
}

extension GraphPatch {
  /// Gives added nodes other names where nodes of a graph have theirs.
  mutating func makeNodeNamesUnique(in graph: Graph) {
    var taken = Set(graph.nodes.map(\.name))
    for index in nodes.indices where !nodes[index].name.isEmpty {
      let name = nodes[index].name
      var number = 2
      while !taken.insert(nodes[index].name).inserted {
        nodes[index].name = "\(name)_\(number)"
        number += 1
      }
    }
  }
}

extension AdapterError {
  /// A patch that does not fit the graph.
  static func patching(_ error: GraphPatchError) -> AdapterError {
    switch error {
    case .nameClash(let name, _):
      AdapterError(
        .badData, "the model already has a value '\(name)'", tensor: name,
        hint: name.hasPrefix("dka/") ? "start from the model without adapters" : nil, underlying: error)
    case .valueNotFound(let name, _):
      AdapterError(.badData, "the model has no value '\(name)'", tensor: name, underlying: error)
    case .cycle(let name, _):
      AdapterError(
        .badData, "an adapter at '\(name)' would depend on itself", tensor: name, underlying: error)
    }
  }
}
