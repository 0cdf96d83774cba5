import Graphs
import Tensors

/// Rewrites a batch extent that an exporter baked into a graph, while the graph is lowered at another batch.
///
/// The same graph lowered at its own batch tells which axis of every value carries the batch: the one that
/// differs. A Reshape whose constant target names the old extent gets a new target; a Concat operand that was
/// stored at the old extent (a class token) is expanded. Callers prove the result by comparing runs.
struct BatchBinding {
  /// The graph lowered at the batch it was exported with.
  let reference: LoweredGraph

  /// A constant or node that must stand before the rewritten node.
  enum Addition {
    case constant(name: String, Tensor)
    case node(Node)
  }

  /// The node as it must read in the graph being lowered, and what must be added before it; nil where it stays.
  func rewritten(_ node: Node, in graph: LoweredGraph) throws(OperatorError) -> (Node, [Addition])? {
    guard node.operatorName.domain.isEmpty else { return nil }
    switch node.operatorName.type {
    case "Reshape": return try reshape(node, in: graph)
    case "Concat": return try concat(node, in: graph)
    default: return nil
    }
  }

  /// The axis in which a value's shape differs from the reference, and by which factor.
  private func batchAxis(of value: String, in graph: LoweredGraph) -> (axis: Int, factor: Int)? {
    guard let before = reference.types[value]?.shape, let now = graph.types[value]?.shape,
      before.rank == now.rank
    else { return nil }
    let differing = (0..<now.rank).filter { before.extents[$0] != now.extents[$0] }
    guard differing.count == 1, let axis = differing.first, before.extents[axis] > 0,
      now.extents[axis] % before.extents[axis] == 0
    else { return nil }
    return (axis, now.extents[axis] / before.extents[axis])
  }

  private func reshape(_ node: Node, in graph: LoweredGraph) throws(OperatorError) -> (Node, [Addition])? {
    guard let batch = batchAxis(of: node.inputs[0], in: graph),
      let source = reference.types[node.inputs[0]]?.shape,
      let target = reference.types[node.outputs[0]]?.shape
    else { return nil }
    // The batch is the outermost factor of its axis, so it starts after the same number of rows in both shapes.
    let leading = source.product(0..<batch.axis)
    var product = 1
    guard
      let axis = (0..<target.rank).first(where: { axis in
        if product == leading { return true }
        product *= target.extents[axis]
        return false
      })
    else { return nil }
    var extents = target.extents
    extents[axis] *= batch.factor
    let name = "\(node.outputs[0])/batch_shape"
    let tensor: Tensor
    do { tensor = try Tensor(extents.map(Int64.init)) } catch {
      throw OperatorError(.outOfMemory, "no memory for a shape")
    }
    let rewritten = Node(
      node.operatorName, name: node.name, inputs: [node.inputs[0], name], outputs: node.outputs,
      attributes: extents.contains(0) ? [Attribute("allowzero", 1)] : [])
    return (rewritten, [.constant(name: name, tensor)])
  }

  private func concat(_ node: Node, in graph: LoweredGraph) throws(OperatorError) -> (Node, [Addition])? {
    guard let batch = node.inputs.lazy.compactMap({ batchAxis(of: $0, in: graph) }).first,
      case .int(let declared)? = node.attribute("axis"),
      let rank = graph.types[node.inputs[0]]?.shape.rank, Int(declared) != batch.axis,
      Int(declared) + rank != batch.axis
    else { return nil }
    var additions: [Addition] = []
    var inputs = node.inputs
    for (index, input) in node.inputs.enumerated() where batchAxis(of: input, in: graph) == nil {
      guard let shape = graph.types[input]?.shape, shape.extents[batch.axis] == 1 else { continue }
      var extents = shape.extents
      extents[batch.axis] = batch.factor
      let name = "\(node.outputs[0])/batch_operand_\(index)"
      let target: Tensor
      do { target = try Tensor(extents.map(Int64.init)) } catch {
        throw OperatorError(.outOfMemory, "no memory for a shape")
      }
      additions.append(.constant(name: "\(name)/shape", target))
      additions.append(.node(Node("Expand", inputs: [input, "\(name)/shape"], outputs: [name])))
      inputs[index] = name
    }
    guard !additions.isEmpty else { return nil }
    let rewritten = Node(
      node.operatorName, name: node.name, inputs: inputs, outputs: node.outputs, attributes: node.attributes)
    return (rewritten, additions)
  }
}
