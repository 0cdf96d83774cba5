public import Backbones
public import Graphs
public import Tensors

/// The Dual-Kernel Adapters that a model has already, taken out of it.
///
/// They are known by the names that `AdapterBuilder` gives and by their connections; what they were made with follows from
/// their tensors and nodes, so that files without metadata are read as well. Putting the method of one of `ways` into `base`
/// and the tensors into the result gives the model again (`reproduces` tells).
public struct InstalledAdapters: Sendable {
  /// A method with the points at which it may have been put in.
  public struct Way: Sendable {
    /// The method.
    public let options: AdapterOptions
    /// Points given by hand; nil for the family's own.
    public let placement: HandPlacement?
  }

  /// The model without its adapters.
  public let base: ModelDescription
  /// The adapters' tensors.
  public let tensors: [(name: String, tensor: Tensor)]
  /// Number of modules.
  public let modules: Int
  /// How they may have been put in, likely ones first.
  public let ways: [Way]
  /// Inputs of each of their nodes, by its first output.
  private let reads: [String: [String]]

  private static let prefix = "dka/"

  /// The adapters of a model; nil where it has none that can be taken out.
  public init?(in model: ModelDescription) {
    let isOwn = model.graph.nodes.map { ($0.outputs.first ?? "").hasPrefix(Self.prefix) }
    guard isOwn.contains(true) else { return nil }
    let own = zip(model.graph.nodes, isOwn).filter(\.1).map(\.0)
    let nodes = OwnNodes(own, initializers: model.graph.initializers)
    guard let replaced = nodes.replacements else { return nil }
    var graph = model.graph
    graph.nodes = []
    for (node, isOwn) in zip(model.graph.nodes, isOwn) where !isOwn {
      var node = node
      for (index, input) in node.inputs.enumerated() where input.hasPrefix(Self.prefix) {
        guard let value = replaced[input] else { return nil }
        node.inputs[index] = value
      }
      guard !node.usedNames.contains(where: { $0.hasPrefix(Self.prefix) }) else { return nil }
      graph.nodes.append(node)
    }
    guard !graph.outputs.contains(where: { $0.name.hasPrefix(Self.prefix) }) else { return nil }
    graph.initializers.removeAll { $0.name.hasPrefix(Self.prefix) }
    graph.valueDescriptions.removeAll { $0.name.hasPrefix(Self.prefix) }
    var tensors: [(name: String, tensor: Tensor)] = []
    for initializer in model.graph.initializers where initializer.name.hasPrefix(Self.prefix) {
      guard let tensor = initializer.tensor else { return nil }
      tensors.append((initializer.name, tensor))
    }
    var base = model
    base.graph = graph
    self.base = base
    self.tensors = tensors
    modules = nodes.modules.count
    ways = Self.ways(nodes, metadata: model.metadata)
    reads = nodes.reads
  }

  /// Whether a model has these adapters, node by node, with tensors of the same shapes.
  public func reproduces(_ adapted: AdaptedModel) -> Bool {
    let made = adapted.model.graph.nodes.filter { ($0.outputs.first ?? "").hasPrefix(Self.prefix) }
    var shapes: [String: Shape] = [:]
    for initializer in adapted.model.graph.initializers { shapes[initializer.name] = initializer.shape }
    return made.count == reads.count
      && made.allSatisfy { reads[$0.outputs[0]] == $0.inputs }
      && tensors.allSatisfy { shapes[$0.name] == $0.tensor.shape }
  }

  private static func ways(_ nodes: OwnNodes, metadata: [MetadataEntry]) -> [Way] {
    var options = nodes.options
    func recipe(_ key: String) -> String? { metadata.first { $0.key == "dka.recipe." + key }?.value }
    if recipe("method") == DualKernelAdapter.name {
      for key in ["init", "dropout"] { options[key] = recipe(key) }
    }
    let blocks = Set(nodes.modules.map(\.block)).sorted()
    let list = blocks.map(String.init).joined(separator: ",")
    let placements =
      ([recipe("placement")].compactMap(\.self) + nodes.placements).reduce(into: [String]()) { list, name in
        if !list.contains(name) { list.append(name) }
      }
    var ways: [Way] = []
    for placement in placements {
      for blocks in ["all", list] {
        options["placement"] = placement
        options["blocks"] = blocks
        ways.append(Way(options: options, placement: nil))
      }
    }
    guard let hand = nodes.handPlacement else { return ways }
    options["blocks"] = "all"
    for placement in placements {
      options["placement"] = placement
      ways.append(Way(options: options, placement: hand))
    }
    return ways
  }
}

/// The nodes of adapters, by what they make.
private struct OwnNodes {
  /// A module: its block, and the part of a name that all of its nodes have in common.
  struct Module {
    let block: Int
    let role: String
    var key: String { "dka/\(block)/\(role)" }
  }

  /// The modules, in the order of the network.
  let modules: [Module]
  /// Inputs of each node, by its first output.
  let reads: [String: [String]]
  private let makers: [String: Node]
  private let shapes: [String: Shape]

  init(_ nodes: [Node], initializers: [TensorConstant]) {
    makers = Dictionary(nodes.map { ($0.outputs[0], $0) }) { first, _ in first }
    reads = makers.mapValues(\.inputs)
    shapes = Dictionary(initializers.map { ($0.name, $0.shape) }) { first, _ in first }
    modules = nodes.compactMap { node in
      let parts = node.outputs[0].split(separator: "/")
      guard parts.count == 4, parts[3] == "output", node.operatorName == OperatorName("Add"),
        let block = Int(parts[1])
      else { return nil }
      return Module(block: block, role: String(parts[2]))
    }
  }

  /// The value whose readers a module's result serves, by that result; nil where a module is not built as expected.
  var replacements: [String: String]? {
    var result: [String: String] = [:]
    for module in modules {
      guard let base = base(of: module) else { return nil }
      result["\(module.key)/output"] = base
      result["\(module.key)/narrowed"] = base
    }
    return modules.isEmpty ? nil : result
  }

  /// The value that a module adds to, in the type that the file has it in.
  private func base(of module: Module) -> String? {
    makers["\(module.key)/output"]?.inputs.first.map(stored)
  }

  /// What a value was widened from, or itself.
  private func stored(_ value: String) -> String {
    guard let maker = makers[value], maker.operatorName == OperatorName("Cast"),
      let input = maker.inputs.first
    else { return value }
    return input
  }

  /// The value that a module reads.
  private func input(of module: Module) -> String? {
    makers["\(module.key)/hidden"]?.inputs.first.map(stored)
  }

  private func weights(of module: Module) -> String {
    shapes["\(module.key)/down"] == nil ? "dka/\(module.block)/shared" : module.key
  }

  /// What the tensors and nodes of the first module say.
  var options: AdapterOptions {
    var options = AdapterOptions()
    guard let module = modules.first, let down = shapes[weights(of: module) + "/down"] else { return options }
    options["dim"] = "\(down.rank == 4 ? down[0] : down[down.rank - 1])"
    options["kernels"] = ["large_map", "small_map"].map { part in
      guard let node = makers["\(module.key)/\(part)"], let size = integers("kernel_shape", of: node).first
      else {
        return "none"
      }
      let dilation = integers("dilations", of: node).first ?? 1
      return dilation == 1 ? "\(size)" : "\(size):\(dilation)"
    }.joined(separator: ",")
    if shapes[weights(of: module) + "/down_bias"] != nil { options["bias"] = "true" }
    if makers["\(module.key)/hidden_activated"] != nil { options["inner-gelu"] = "true" }
    return options
  }

  private func integers(_ name: String, of node: Node) -> [Int64] {
    guard case .ints(let values)? = node.attribute(name) else { return [] }
    return values
  }

  /// Names of the placements that the connections allow.
  var placements: [String] {
    typealias Kind = Placement.Kind
    guard let module = modules.first else { return [] }
    if shapes["dka/\(module.block)/shared/down"] != nil { return [Kind.bothShared.rawValue] }
    if input(of: module) != base(of: module) { return [Kind.parallel.rawValue] }
    let hasHalves = modules.contains { $0.role != "block" }
    return (hasHalves ? [Kind.both, .beforeAdd] : [.block, .both, .beforeAdd]).map(\.rawValue)
  }

  /// The points, where they were given by hand.
  var handPlacement: HandPlacement? {
    guard let module = modules.first, modules.allSatisfy({ $0.role == "block" }) else { return nil }
    let values = modules.sorted { $0.block < $1.block }.compactMap(base)
    // Constants are named after their numbers: 0, d, H, W of the Reshape, and where the prefix ends.
    func numbers(of part: String, input: Int) -> [Int] {
      let inputs = makers["\(module.key)/\(part)"]?.inputs ?? []
      guard inputs.count > input else { return [] }
      return inputs[input].split(separator: "_").compactMap { Int($0) }
    }
    let map = numbers(of: "map", input: 1)
    let isMap = makers["\(module.key)/hidden"]?.operatorName == OperatorName("Conv")
    return HandPlacement(
      values, grid: map.count == 4 ? TokenGrid(height: map[2], width: map[3]) : nil,
      prefixTokens: isMap || map.isEmpty ? nil : numbers(of: "prefix", input: 2).first ?? 0,
      layout: isMap ? .channelsFirst : map.isEmpty ? .channelsLast : nil)
  }
}
