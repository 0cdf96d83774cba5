public import Graphs
public import Tensors

/// A named change of a user's graph: nodes and tensors that are added, edges that are led elsewhere.
///
/// A patch is a value; `graph.applying(patch)` makes the changed graph. What the patch does not name stays as it came.
public struct GraphPatch: Sendable {
  /// Which learning-rate group a new tensor belongs to.
  public enum ParameterGroup: String, Sendable, CaseIterable {
    /// Part of an adapter.
    case adapter
    /// Part of the task head.
    case head
  }

  /// A tensor that the patch adds.
  public struct Parameter: Sendable {
    /// Name and initial value.
    public var initializer: TensorConstant
    /// Group in which it trains, or nil for a constant.
    public var group: ParameterGroup?

    /// A tensor of a group.
    public init(_ initializer: TensorConstant, group: ParameterGroup?) {
      self.initializer = initializer
      self.group = group
    }
  }

  /// A value whose readers are led to another one.
  public struct Rewiring: Sendable {
    /// The value that nodes of the unchanged graph read.
    public var value: String
    /// The value that they read from now on.
    public var replacement: String
    /// Whether a graph output of that name delivers the replacement too.
    public var includesOutputs: Bool
  }

  /// What the patch is for, as messages name it.
  public var label: String
  /// Added nodes, each after those whose values it reads.
  public var nodes: [Node] = []
  /// Added tensors.
  public var parameters: [Parameter] = []
  /// Edges that are led elsewhere.
  public var rewirings: [Rewiring] = []
  /// Removed nodes, each named by one of the values that it makes.
  public var removedValues: [String] = []
  /// The graph's new outputs, or nil where they stay.
  public var outputs: [ValueDescription]?
  /// Declared types of added values.
  public var valueDescriptions: [ValueDescription] = []

  /// An empty patch.
  public init(label: String) { self.label = label }

  /// Adds a node and returns the name of its first result.
  @discardableResult
  public mutating func add(_ node: Node) -> String {
    nodes.append(node)
    return node.outputs.first ?? ""
  }

  /// Adds a tensor and returns its name.
  @discardableResult
  public mutating func add(_ name: String, _ tensor: Tensor, group: ParameterGroup?) -> String {
    parameters.append(Parameter(TensorConstant(name: name, tensor), group: group))
    return name
  }

  /// Lets every node of the unchanged graph that reads `value` read `replacement`.
  ///
  /// - Parameter includingOutputs: whether a graph output named `value` delivers the replacement; its name stays.
  public mutating func rewire(_ value: String, to replacement: String, includingOutputs: Bool = true) {
    rewirings.append(Rewiring(value: value, replacement: replacement, includesOutputs: includingOutputs))
  }

  /// Names of the added tensors of a group, in the order in which they were added.
  public func parameterNames(in group: ParameterGroup) -> [String] {
    parameters.filter { $0.group == group }.map(\.initializer.name)
  }
}

/// Why a patch does not fit a graph.
public enum GraphPatchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The graph has no value of this name.
  case valueNotFound(String, patch: String)
  /// The graph already has a value of this name.
  case nameClash(String, patch: String)
  /// A node reads the replacement before it can be made.
  case cycle(String, patch: String)

  /// What was found and what was expected.
  public var description: String {
    switch self {
    case .valueNotFound(let value, let patch): "patch '\(patch)': the graph has no value '\(value)'"
    case .nameClash(let value, let patch): "patch '\(patch)': the graph already has a value '\(value)'"
    case .cycle(let value, let patch):
      "patch '\(patch)': a node reads the replacement of '\(value)' before it can be made"
    }
  }
}
