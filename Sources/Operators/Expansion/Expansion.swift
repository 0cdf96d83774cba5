package import Graphs

/// A model with its nodes that stand for others replaced by these.
package struct Expansion: Sendable {
  /// The model in which nothing stands for something else.
  package let model: ModelDescription
  /// What took the place of a node of the file, by the first value that this node makes.
  private let replacements: [String: [Node]]

  /// An expansion.
  init(_ model: ModelDescription, replacements: [String: [Node]]) {
    self.model = model
    self.replacements = replacements
  }

  /// A model as it is in the file, with those nodes replaced that hide some values, or of which a part that is not seen
  /// reads them: so every reader of these values can be led elsewhere.
  ///
  /// All other nodes keep the bytes that they were read from.
  package func revealing(_ values: [String], in file: ModelDescription) -> ModelDescription {
    func replacement(of node: Node) -> [Node]? {
      guard let value = node.outputs.first(where: { !$0.isEmpty }), let nodes = replacements[value] else {
        return nil
      }
      let made = Set(nodes.flatMap(\.outputs))
      let isRevealing = values.contains { value in
        made.contains(value)
          && (!node.outputs.contains(value) || nodes.contains { $0.usedNames.contains(value) })
      }
      return isRevealing ? nodes : nil
    }
    let nodes = file.graph.nodes.map { replacement(of: $0) }
    guard nodes.contains(where: { $0 != nil }) else { return file }
    var result = file
    result.graph.nodes = zip(file.graph.nodes, nodes).flatMap { $1 ?? [$0] }
    for set in model.operatorSets where file.version(of: set.domain) == nil {
      result.operatorSets.append(set)
    }
    return result
  }
}

/// The replacements that were made while a graph was lowered.
struct ExpansionRecord {
  /// How many nodes may take the place of others, as many as those of functions may.
  static let nodeLimit = 1_000_000

  /// The model that is lowered.
  let source: FunctionInlining
  /// Names for what takes a node's place.
  private var names: ExpansionNames?
  /// What took the place of a node, by its position in the source's main graph.
  private var replacements: [Int: [Node]] = [:]
  /// How many nodes took the place of others, those of which others took the place included.
  private(set) var expandedCount = 0

  /// Nothing replaced but calls.
  init(_ source: FunctionInlining) {
    self.source = source
    names = source.names
  }

  /// A name for a value that a node has as attribute.
  mutating func value(_ name: String, in node: Node) -> String {
    var fresh = names ?? ExpansionNames(avoiding: source.model.graph)
    names = nil
    defer { names = fresh }
    return fresh.value(name, in: node)
  }

  /// The nodes that a node stands for.
  mutating func expand(_ expandable: any Expandable, at site: ExpansionSite) throws(OperatorError) -> [Node] {
    var fresh = names ?? ExpansionNames(avoiding: source.model.graph)
    names = nil
    defer { names = fresh }
    let nodes = try expandable.expansion(of: site, naming: &fresh)
    expandedCount += nodes.count
    return nodes
  }

  /// Notes that nodes, of which none stands for others, are in the place of one.
  mutating func note(_ nodes: [Node], at position: Int) { replacements[position, default: []] += nodes }

  /// The model with everything replaced; nil where nothing was.
  var expansion: Expansion? {
    guard !replacements.isEmpty || source.calls.contains(where: { $0 != nil }) else { return nil }
    var nodes: [Node] = []
    var byValue: [String: [Node]] = [:]
    for (position, node) in source.model.graph.nodes.enumerated() {
      let replacement = replacements[position]
      nodes += replacement ?? [node]
      guard replacement != nil || source.calls[position] != nil else { continue }
      let value = source.calls[position] ?? node.outputs.first { !$0.isEmpty } ?? ""
      byValue[value, default: []] += replacement ?? [node]
    }
    var model = source.model
    model.graph.nodes = nodes
    return Expansion(model, replacements: byValue)
  }
}
