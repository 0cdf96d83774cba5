import Graphs
package import Operators
import Tensors

/// Moves a rearrangement that keeps the last axis from in front of a `Linear` to behind it.
///
///     Linear(Reshape(x)) → Reshape(Linear(x))        Linear(Transpose(x)) → Transpose(Linear(x))
///
/// Rows don't see each other in a linear layer, so both are the same. Behind it the rearrangement meets the inverse one that
/// onnxslim and torchvision write there, or becomes part of an attention's strides. A Transpose that would meet neither stays:
/// behind the layer it would copy the layer's rows, which may be wider.
package struct SinkLayout: RewriteRule {
  package let label = "move layout behind linear"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: Linear.self) {
      guard let node = graph[id], node.inputs.count <= 3, !graph.barriers.contains(node.inputs[0]),
        let layout = graph.maker(of: node.inputs[0]), layout.node.operatorName.domain.isEmpty
      else { continue }
      let source = layout.node.inputs[0]
      guard graph.shape(source).rank >= 2, graph.shape(source)[-1] == graph.shape(node.inputs[0])[-1] else {
        continue
      }
      let inner = graph.freshName("Linear")
      let linear = LoweredNode(node.operation, [source] + node.inputs[1...], outputs: [inner])
      let behind: LoweredNode
      if graph.keepsMemory(layout.node) {
        behind = try graph.reshape(
          inner, into: node.outputs[0], extents: graph.shape(node.outputs[0]).extents)
      } else if let permutation = graph.permutation(of: layout.node),
        permutation.last == permutation.count - 1
      {
        let extents = Array(graph.shape(source).extents.dropLast()) + [graph.shape(node.outputs[0])[-1]]
        let moved = StridedView(root: inner, extents: extents).transposed(permutation)
        guard graph.mergesTranspose(behind: node.outputs[0]) || graph.absorbs(moved, as: node.outputs[0])
        else {
          graph.note(
            MatchFailure(
              rule: label, node: layout.node.label,
              reason: "neither its inverse nor an attention reads what the layer behind it makes"))
          continue
        }
        behind = LoweredNode(Transpose(permutation), [inner], outputs: [node.outputs[0]])
      } else {
        continue
      }
      try graph.replace(id, with: [linear, behind])
      count += 1
    }
    return count
  }
}

extension EditableGraph {
  /// Whether the one reader of a value is a Transpose, with which one in front of it becomes one.
  fileprivate func mergesTranspose(behind value: String) -> Bool {
    soleReader(of: value).map { permutation(of: $0.node) != nil } ?? false
  }

  /// Whether a value whose memory is rearranged as `view` says costs no copy: all that is read of it is in the memory's order
  /// again, or is an operand of attention with one stride for tokens and one for channels.
  fileprivate func absorbs(_ view: StridedView, as value: String) -> Bool {
    let nodes = readers(of: value).compactMap { self[$0] }
    guard !barriers.contains(value), !nodes.isEmpty else { return false }
    return nodes.allSatisfy { node in
      guard node.operatorName.domain.isEmpty else { return false }
      if node.type == "MatMul" || node.type == "Attention" {
        let strides = view.axes.suffix(2).map(\.singleStride)
        return !strides.contains(nil) && strides.contains { ($0 ?? 2) <= 1 }
          && Array(view.axes.dropLast(2).joined()).merged.count <= 2
      }
      return node.outputs.allSatisfy { result in
        guard !result.isEmpty, let moved = self.view(view, through: node, to: result) else { return false }
        return moved.isDense || absorbs(moved, as: result)
      }
    }
  }
}
