import Graphs
package import Operators
import Tensors

/// Merges rearrangements that follow each other, and writes those that move no element as Reshape.
///
///     Reshape ∘ Reshape → Reshape        Transpose ∘ Transpose → Transpose        Transpose of axes of extent 1 → Reshape
///
/// What moves no element counts as Reshape: Squeeze, Unsqueeze, Flatten, and others for the shapes at hand.
package struct MergeLayouts: RewriteRule {
  package let label = "merge reshape and transpose"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids {
      guard let node = graph[id], let source = node.inputs.first, let result = node.outputs.first,
        !result.isEmpty
      else { continue }
      let inner = graph.barriers.contains(source) ? nil : graph.maker(of: source)?.node
      let outer = graph.permutation(of: node)
      if graph.keepsMemory(node) {
        if let inner, graph.keepsMemory(inner) {
          try graph.replaceByReshape(id, of: inner.inputs[0], to: result)
        } else if outer != nil {
          try graph.replaceByReshape(id, of: source, to: result)
        } else {
          continue
        }
        count += 1
      } else if let outer, let inner, let first = graph.permutation(of: inner) {
        let composed = outer.map { first[$0] }
        try graph.replace(
          id, with: [LoweredNode(Transpose(composed), [inner.inputs[0]], outputs: [result])])
        count += 1
      }
    }
    return count
  }
}

extension EditableGraph {
  /// Puts a Reshape of `source` that makes `result` where a node stands.
  mutating func replaceByReshape(_ id: NodeID, of source: String, to result: String) throws(OperatorError) {
    try replace(id, with: [try reshape(source, into: result, extents: shape(result).extents)])
  }

  /// A node that makes `result` from `source`.
  mutating func reshape(_ source: String, into result: String, extents: [Int]) throws(OperatorError)
    -> LoweredNode
  {
    LoweredNode(
      Reshape(allowsZero: extents.contains(0)), [source, try add(extents, named: "shape")],
      outputs: [result])
  }
}
