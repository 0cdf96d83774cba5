import Graphs
import Tensors

/// An addition of a branch to the stream that the branch starts from.
///
///     plain        x + f(x)        the stream itself is added
///     projected    g(x) + f(x)     the shortcut has nodes of its own, where a map changes its size or its channels
///
/// Exporters write the operands in either order.
package struct Residual: Sendable {
  /// Index of the addition.
  package let index: Int
  /// The value from which branch and shortcut start.
  package let stream: String
  /// Indices of the shortcut's nodes, ascending; none where the stream itself is added.
  package let shortcut: [Int]
  /// The operand that the branch makes.
  package let branch: String
  /// The sum.
  package let output: String
  /// Indices of the branch's nodes, ascending.
  package let nodes: [Int]

  /// Whether the stream itself is added.
  package var isPlain: Bool { shortcut.isEmpty }
}

extension GraphView {
  /// All residual additions, in topological order: with weights in the branch, and nothing of the attention's scores.
  package var residuals: [Residual] {
    nodes.indices.compactMap { index in
      let node = nodes[index]
      guard node.operatorName.domain.isEmpty, node.operatorName.type == "Add", node.inputs.count == 2,
        let output = node.outputs.first, node.inputs[0] != node.inputs[1],
        node.inputs.allSatisfy({ isData($0) }),
        extents(node.inputs[0]) == extents(node.inputs[1])
      else { return nil }
      for (stream, branch) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        if let path = path(from: stream, to: branch), path.contains(where: { isWeighted(nodes[$0]) }) {
          return Residual(
            index: index, stream: stream, shortcut: [], branch: branch, output: output, nodes: path)
        }
      }
      return projected(index, output)
    }
  }

  /// Values at which adapters may be put by hand, in the order of the network: tokens or maps behind residual additions.
  package var insertionCandidates: [String] {
    residuals.map(\.output).filter { (3...4).contains(extents($0).count) }.map(delivered)
  }

  /// The value that a block delivers: the sum, or the result of an activation that alone reads it, in one node or several.
  ///
  /// Residual convolutional networks activate what they add: x · sigmoid(x) and x · (1 + erf(x / √2)) / 2 too.
  package func delivered(_ sum: String) -> String {
    guard !outputs.contains(sum) else { return sum }
    // Values that only the sum and constants make, element by element, and which of them are still read by others.
    var made: Set<String> = [sum]
    var open: Set<String> = [sum]
    var isActivated = false
    var pending = Set(consumers(sum))
    while let index = pending.min(), made.count <= Self.longestActivation {
      pending.remove(index)
      let (node, data) = (nodes[index], dataInputs(nodes[index]))
      let type = node.operatorName.type
      guard node.operatorName.domain.isEmpty, let result = node.outputs.first, !data.isEmpty,
        Self.activations.contains(type) || Self.partsOfActivations.contains(type),
        data.allSatisfy(made.contains), extents(result) == extents(sum)
      else { break }
      isActivated = isActivated || Self.activations.contains(type) || Self.curves.contains(type)
      made.insert(result)
      open.insert(result)
      for value in open where consumers(value).allSatisfy({ nodes[$0].outputs.allSatisfy(made.contains) }) {
        if value != result, !outputs.contains(value) { open.remove(value) }
      }
      if open == [result], isActivated { return scaled(result) }
      pending.formUnion(consumers(result))
    }
    return sum
  }

  /// The value behind multiplications with a number that alone read a value: the ½ of GELU stands behind its product.
  private func scaled(_ value: String) -> String {
    var current = value
    while let reader = soleConsumer(current), nodes[reader].operatorName == OperatorName("Mul"),
      let factor = nodes[reader].inputs.first(where: { $0 != current }), !isData(factor),
      shape(factor)?.elementCount == 1, let result = nodes[reader].outputs.first
    {
      current = result
    }
    return current
  }

  /// Nodes of the longest activation in parts, the polynomial one of GELU.
  private static let longestActivation = 12
  private static let curves: Set<String> = ["Sigmoid", "Erf", "HardSigmoid", "Softplus"]
  private static let partsOfActivations: Set<String> = curves.union(["Mul", "Div", "Add", "Pow", "Cast"])

  /// Activations of convolutional networks that are one node.
  static let activations: Set<String> = [
    "Relu", "Clip", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "HardSwish", "Gelu", "Mish", "Swish", "Tanh",
  ]

  /// The addition of two maps that part at one value, with weights on at least one side; the heavier side is the branch.
  ///
  /// Sums of attention scores are none: a product of data with data is behind them.
  private func projected(_ index: Int, _ output: String) -> Residual? {
    let inputs = nodes[index].inputs
    guard (3...4).contains(extents(output).count), let parting = parting(of: inputs[0], and: inputs[1]) else {
      return nil
    }
    let sides = [(inputs[0], parting.left), (inputs[1], parting.right)]
    let hasProduct = sides.flatMap(\.1).contains { index in
      ["MatMul", "Einsum", "Gemm"].contains(nodes[index].operatorName.type)
        && dataInputs(nodes[index]).count > 1
    }
    let weighted = sides.map { side in side.1.filter { isWeighted(nodes[$0]) } }
    guard !hasProduct, !weighted.joined().isEmpty else { return nil }
    let sizes = weighted.map { side in
      side.reduce(0) { sum, node in
        nodes[node].inputs.prefix(2).reduce(sum) { $0 + (isData($1) ? 0 : shape($1)?.elementCount ?? 0) }
      }
    }
    let isFirst =
      (weighted[0].count, parting.left.count, sizes[0]) > (weighted[1].count, parting.right.count, sizes[1])
    let (branch, shortcut) = isFirst ? (sides[0], sides[1]) : (sides[1], sides[0])
    return Residual(
      index: index, stream: parting.value, shortcut: shortcut.1, branch: branch.0, output: output,
      nodes: branch.1)
  }
}
