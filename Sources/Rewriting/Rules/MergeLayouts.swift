import Graphs
package import Operators
import Tensors

/// Merges rearrangements that follow each other, and writes those that move no element as Reshape.
///
///     Reshape ∘ Reshape → Reshape        Transpose ∘ Transpose → Transpose        Transpose of axes of extent 1 → Reshape
///
/// Squeeze, Unsqueeze and Flatten count as Reshape.
package struct MergeLayouts: RewriteRule {
  package let label = "merge reshape and transpose"

  package init() {}

  static let reshapes: Set<String> = ["Reshape", "Squeeze", "Unsqueeze", "Flatten"]

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids {
      guard let node = graph[id], node.node.operatorName.domain.isEmpty, let source = node.inputs.first,
        let result = node.outputs.first
      else { continue }
      if Self.reshapes.contains(node.type) {
        guard !graph.barriers.contains(source), let inner = graph.maker(of: source),
          inner.node.node.operatorName.domain.isEmpty, Self.reshapes.contains(inner.node.type)
        else { continue }
        try graph.replaceByReshape(id, of: inner.node.inputs[0], to: result)
        count += 1
      } else if let outer = graph.permutation(of: node) {
        if Self.movesOnlyOnes(outer, extents: graph.shape(source).extents) {
          try graph.replaceByReshape(id, of: source, to: result)
          count += 1
        } else if !graph.barriers.contains(source), let inner = graph.maker(of: source, "Transpose"),
          let first = graph.permutation(of: inner.node)
        {
          let composed = outer.map { first[$0] }
          try graph.replace(
            id,
            with: [
              Node(
                "Transpose", inputs: [inner.node.inputs[0]], outputs: [result],
                attributes: [Attribute("perm", composed)])
            ])
          count += 1
        }
      }
    }
    return count
  }

  /// Whether the axes longer than 1 keep their order.
  private static func movesOnlyOnes(_ permutation: [Int], extents: [Int]) -> Bool {
    let long = permutation.filter { extents[$0] != 1 }
    return long == long.sorted()
  }
}

extension EditableGraph {
  /// Puts a Reshape of `source` that makes `result` where a node stands.
  mutating func replaceByReshape(_ id: NodeID, of source: String, to result: String) throws(OperatorError) {
    try replace(id, with: [try reshape(source, into: result, extents: shape(result).extents)])
  }

  /// A node that makes `result` from `source`.
  mutating func reshape(_ source: String, into result: String, extents: [Int]) throws(OperatorError) -> Node {
    let allowsZero = extents.contains(0) ? [Attribute("allowzero", 1)] : []
    return Node(
      "Reshape", inputs: [source, try add(extents, named: "shape")], outputs: [result], attributes: allowsZero
    )
  }
}
