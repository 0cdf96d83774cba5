import Graphs
package import Operators
import Tensors

/// Replaces the composition that exporters write below opset 17 by LayerNormalization.
///
///     ReduceMean → Sub → Pow 2 (or Mul) → ReduceMean → Add ε → Sqrt → Div [→ Mul γ [→ Add β]]
///
/// γ and β must be parameters of exactly the normalised extents; where they are missing γ becomes ones.
package struct FuseLayerNormalization: RewriteRule {
  package let label = "fuse layer normalization"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: "Div") {
      guard let node = graph[id], let match = Self.match(node, in: graph) else { continue }
      try Self.replace(id, match, in: &graph)
      count += 1
    }
    return count
  }

  private struct Match {
    let source: String
    let axis: Int
    let epsilon: Double
  }

  private static func match(_ divide: LoweredNode, in graph: EditableGraph) -> Match? {
    guard let subtract = graph.maker(of: divide.inputs[0], "Sub"),
      let root = graph.maker(of: divide.inputs[1], "Sqrt"),
      let shifted = graph.maker(of: root.node.inputs[0], "Add"), let offset = graph.scaled(shifted.node),
      let variance = graph.maker(of: offset.value, "ReduceMean"),
      let square = graph.maker(of: variance.node.inputs[0], "Pow", "Mul")
    else { return nil }
    let source = subtract.node.inputs[0]
    let squared: String
    if square.node.type == "Pow" {
      guard graph.scalar(square.node.inputs[1]) == 2 else { return nil }
      squared = square.node.inputs[0]
    } else {
      guard square.node.inputs[0] == square.node.inputs[1] else { return nil }
      squared = square.node.inputs[0]
    }
    guard let axis = centredAxis(divide.inputs[0], of: source, in: graph),
      squared == divide.inputs[0] || centredAxis(squared, of: source, in: graph) == axis,
      reducedAxis(variance.node, in: graph) == axis
    else { return nil }
    let inner = [
      divide.inputs[0], squared, divide.inputs[1], root.node.inputs[0], offset.value, square.node.outputs[0],
    ]
    guard inner.allSatisfy({ !graph.barriers.contains($0) }) else { return nil }
    return Match(source: source, axis: axis, epsilon: offset.scalar)
  }

  /// The first axis over which `value` = source − mean(source), or nil where it is something else.
  private static func centredAxis(_ value: String, of source: String, in graph: EditableGraph) -> Int? {
    guard let subtract = graph.maker(of: value, "Sub"), subtract.node.inputs[0] == source,
      let mean = graph.maker(of: subtract.node.inputs[1], "ReduceMean"), mean.node.inputs[0] == source,
      !graph.barriers.contains(mean.node.outputs[0])
    else { return nil }
    return reducedAxis(mean.node, in: graph)
  }

  /// The first of the reduced axes, where they are kept and are the last ones.
  private static func reducedAxis(_ node: LoweredNode, in graph: EditableGraph) -> Int? {
    let shape = graph.shape(node.inputs[0])
    guard let mean = node.operation as? ReduceMean, mean.axes.keepsAxes,
      let given = node.input(1).flatMap({ graph.integers($0) }), !given.isEmpty
    else { return nil }
    let axes = given.compactMap { shape.normalizedAxis($0) }.sorted()
    guard axes.count == given.count, axes == Array(shape.rank - axes.count..<shape.rank) else { return nil }
    return axes[0]
  }

  private static func replace(_ divide: Int, _ match: Match, in graph: inout EditableGraph)
    throws(OperatorError)
  {
    let type = graph.type(match.source)
    let extents = Shape(Array(type.shape.extents[match.axis...]))
    var last = divide
    var result = graph[divide]?.outputs[0] ?? ""
    var scale: String?
    var bias: String?
    if let multiply = graph.soleReader(of: result), multiply.node.operatorName.domain.isEmpty,
      multiply.node.type == "Mul",
      let gamma = other(than: result, of: multiply.node), graph.isParameter(gamma),
      graph.shape(gamma) == extents
    {
      scale = gamma
      last = multiply.id
      result = multiply.node.outputs[0]
      if let add = graph.soleReader(of: result), add.node.operatorName.domain.isEmpty,
        add.node.type == "Add",
        let beta = other(than: result, of: add.node), graph.isParameter(beta), graph.shape(beta) == extents
      {
        bias = beta
        last = add.id
        result = add.node.outputs[0]
      }
    }
    let gamma = if let scale { scale } else { try graph.ones(extents, type.elementType) }
    let node = LoweredNode(
      LayerNormalization(axis: match.axis - type.shape.rank, epsilon: Float(match.epsilon)),
      [match.source, gamma] + (bias.map { [$0] } ?? []), outputs: [result])
    try graph.replace(last, with: [node])
  }

  static func other(than value: String, of node: LoweredNode) -> String? {
    guard node.inputs.count == 2, node.inputs[0] != node.inputs[1] else { return nil }
    return node.inputs[0] == value ? node.inputs[1] : node.inputs[0]
  }
}

extension EditableGraph {
  /// Adds a constant of ones and returns its name.
  mutating func ones(_ shape: Shape, _ elementType: ElementType) throws(OperatorError) -> String {
    do {
      let tensor =
        elementType == .float64
        ? try Tensor([Double](repeating: 1, count: shape.elementCount), shape: shape)
        : try Tensor([Float](repeating: 1, count: shape.elementCount), shape: shape)
      return add(tensor, named: "ones")
    } catch {
      throw OperatorError(.outOfMemory, "no memory for a constant of shape \(shape)")
    }
  }
}
