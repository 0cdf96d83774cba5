public import Backbones
public import Graphs

/// A head for a new task in the place of what a network delivers: one file per head.
public protocol TaskHead: Sendable {
  /// What rebuilds the head, as texts in order.
  var recipe: [(key: String, value: String)] { get }

  /// Puts the head into a graph and removes what only the old one needed.
  ///
  /// - Throws: where the network offers nothing that the head could read, or the head is too large.
  func install(in graph: Graph, _ layout: BackboneLayout, _ context: HeadContext) throws(AdapterError)
    -> InstalledHead
}

/// What a head is built with.
public struct HeadContext: Sendable {
  /// Decides the start values.
  public let seed: Int
  /// Version of the default operator set.
  public let operatorSet: Int
  /// Metadata of every node that is added.
  public let annotation: [MetadataEntry]
  /// Elements that new tensors may have together.
  public let elementLimit: Int
}

/// A graph with a new head.
public struct InstalledHead: Sendable {
  /// The graph.
  public let graph: Graph
  /// The output that the head makes.
  public let output: String
  /// The head's initializers, all of which train.
  public let parameters: [String]

  /// A graph with a new head.
  public init(graph: Graph, output: String, parameters: [String]) {
    (self.graph, self.output, self.parameters) = (graph, output, parameters)
  }
}
