import Graphs
package import Operators

/// Replaces the compositions that exporters write below opset 20 by Gelu.
///
///     x · ½ · (1 + erf(x / √2))                                    in every order of the factors
///     x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))             likewise
package struct FuseGelu: RewriteRule {
  package let label = "fuse gelu"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: "Erf", "Tanh") {
      guard let node = graph[id] else { continue }
      let isErf = node.type == "Erf"
      guard let source = isErf ? Self.erfSource(node, in: graph) : Self.tanhSource(node, in: graph),
        let product = Self.product(of: node.outputs[0], and: source, in: graph)
      else { continue }
      try graph.replace(
        product.id, with: [LoweredNode(Gelu(isTanh: !isErf), [source], outputs: [product.result])])
      count += 1
    }
    return count
  }

  /// A constant factor with the value that it multiplies.
  private struct Factor {
    let value: String
    let factor: Double
    let uncertainty: Double

    /// Whether it is a number, to the precision with which the file has it.
    func isClose(to number: Double) -> Bool { abs(factor - number) <= uncertainty * abs(number) }
  }

  /// The factor of a multiplication or division by a constant, with the other operand.
  private static func factor(_ node: LoweredNode, in graph: EditableGraph) -> Factor? {
    guard let scaled = graph.scaled(node) else { return nil }
    let uncertainty = graph.uncertainty(of: node.inputs[scaled.scalarIsFirst ? 0 : 1])
    switch node.type {
    case "Mul": return Factor(value: scaled.value, factor: scaled.scalar, uncertainty: uncertainty)
    case "Div" where !scaled.scalarIsFirst && scaled.scalar != 0:
      return Factor(value: scaled.value, factor: 1 / scaled.scalar, uncertainty: uncertainty)
    default: return nil
    }
  }

  private static func erfSource(_ node: LoweredNode, in graph: EditableGraph) -> String? {
    guard !graph.barriers.contains(node.inputs[0]), let scale = graph.maker(of: node.inputs[0], "Mul", "Div"),
      let found = factor(scale.node, in: graph), found.isClose(to: 0.5.squareRoot())
    else { return nil }
    return found.value
  }

  private static func tanhSource(_ node: LoweredNode, in graph: EditableGraph) -> String? {
    guard let scale = graph.maker(of: node.inputs[0], "Mul", "Div"),
      let outer = factor(scale.node, in: graph),
      outer.isClose(to: (2 / Double.pi).squareRoot()), let sum = graph.maker(of: outer.value, "Add"),
      [node.inputs[0], outer.value].allSatisfy({ !graph.barriers.contains($0) })
    else { return nil }
    for (source, term) in [(0, 1), (1, 0)] {
      let source = sum.node.inputs[source]
      let term = sum.node.inputs[term]
      guard let cubic = graph.maker(of: term, "Mul"), let inner = factor(cubic.node, in: graph),
        inner.isClose(to: 0.044715), isCube(inner.value, of: source, in: graph),
        !graph.barriers.contains(term), !graph.barriers.contains(inner.value)
      else { continue }
      return source
    }
    return nil
  }

  private static func isCube(_ value: String, of source: String, in graph: EditableGraph) -> Bool {
    if let power = graph.maker(of: value, "Pow") {
      return power.node.inputs[0] == source && graph.scalar(power.node.inputs[1]) == 3
    }
    guard let outer = graph.maker(of: value, "Mul") else { return false }
    guard let square = outer.node.inputs.first(where: { $0 != source }), outer.node.inputs.contains(source),
      let inner = graph.maker(of: square, "Mul")
    else { return false }
    return inner.node.inputs == [source, source] && !graph.barriers.contains(square)
  }

  /// The multiplication that completes x · ½ · (1 + f).
  private static func product(of function: String, and source: String, in graph: EditableGraph)
    -> (id: Int, result: String)?
  {
    guard let sum = graph.soleReader(of: function), sum.node.type == "Add",
      let one = graph.scaled(sum.node), one.scalar == 1
    else { return nil }
    var value = sum.node.outputs[0]
    var hasHalf = false
    var hasSource = false
    while true {
      guard let next = graph.soleReader(of: value), next.node.operatorName.domain.isEmpty else {
        return nil
      }
      if !hasHalf, let found = factor(next.node, in: graph), found.value == value, found.factor == 0.5 {
        hasHalf = true
      } else if !hasSource, next.node.type == "Mul",
        let other = FuseLayerNormalization.other(than: value, of: next.node)
      {
        if other == source {
          hasSource = true
        } else if !hasHalf, !graph.barriers.contains(other),
          let scaled = graph.maker(of: other, "Mul", "Div"),
          let found = factor(scaled.node, in: graph), found.value == source, found.factor == 0.5
        {
          hasSource = true
          hasHalf = true
        } else {
          return nil
        }
      } else {
        return nil
      }
      value = next.node.outputs[0]
      if hasHalf && hasSource { return (next.id, value) }
    }
  }
}
