public import Backbones
public import Graphs

/// A head for a new task in the place of what a network delivers: one file per head.
public protocol TaskHead: Sendable {
  /// What rebuilds the head that this one comes to in a network, as texts in order.
  func recipe(in layout: BackboneLayout) -> [(key: String, value: String)]

  /// The values of the network that it reads.
  func values(readIn layout: BackboneLayout) -> [String]

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

  /// Values behind which training drops numbers.
  public let dropoutPoints: [DropoutPoint]

  /// A graph with a new head.
  public init(
    graph: Graph, output: String, parameters: [String], dropoutPoints: [DropoutPoint] = []
  ) {
    (self.graph, self.output, self.parameters) = (graph, output, parameters)
    self.dropoutPoints = dropoutPoints
  }
}

/// A value behind which training drops numbers; a written file has none of it.
public struct DropoutPoint: Sendable, Hashable {
  /// The value.
  public let value: String
  /// Share of its numbers.
  public let share: Double

  /// A value with the share that is dropped.
  public init(value: String, share: Double) { (self.value, self.share) = (value, share) }
}
