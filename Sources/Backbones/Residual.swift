import Graphs

/// An addition of a branch to the stream that the branch starts from.
///
/// One operand is an ancestor of the other through a node with weights. Exporters write the operands in either order.
package struct Residual: Sendable {
  /// Index of the addition.
  package let index: Int
  /// The operand that skips the branch.
  package let stream: String
  /// The operand that the branch makes.
  package let branch: String
  /// The sum.
  package let output: String
  /// Indices of the branch's nodes, ascending.
  package let nodes: [Int]
}

extension GraphView {
  /// All residual additions, in topological order.
  package var residuals: [Residual] {
    nodes.indices.compactMap { index in
      let node = nodes[index]
      guard node.operatorName.domain.isEmpty, node.operatorName.type == "Add", node.inputs.count == 2,
        let output = node.outputs.first, node.inputs[0] != node.inputs[1],
        node.inputs.allSatisfy({ isData($0) }),
        extents(node.inputs[0]) == extents(node.inputs[1])
      else { return nil }
      for (stream, branch) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        if let nodes = weightedPath(from: stream, to: branch) {
          return Residual(index: index, stream: stream, branch: branch, output: output, nodes: nodes)
        }
      }
      return nil
    }
  }

  /// Values at which adapters may be put by hand, in the order of the network: tokens or maps behind residual additions.
  ///
  /// A shortcut may have weights of its own, where the map changes its size. Where only an activation reads the sum, as in
  /// residual convolutional networks, its result is the value.
  package var insertionCandidates: [String] {
    let sums = Set(residuals.map(\.index)).union(nodes.indices.filter(joinsBranches))
    return sums.sorted().compactMap { index in
      guard let sum = nodes[index].outputs.first, (3...4).contains(extents(sum).count) else { return nil }
      guard let reader = soleConsumer(sum), nodes[reader].operatorName.domain.isEmpty,
        Self.activations.contains(nodes[reader].operatorName.type), dataInputs(nodes[reader]) == [sum],
        let result = nodes[reader].outputs.first
      else { return sum }
      return result
    }
  }

  private static let activations: Set<String> = [
    "Relu", "Clip", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "HardSwish", "Gelu", "Mish", "Swish", "Tanh",
  ]

  /// Whether a node adds two branches that part at one value, at least one of them with weights.
  ///
  /// Sums of attention scores are none: a product of data with data is behind them.
  private func joinsBranches(_ index: Int) -> Bool {
    let node = nodes[index]
    guard node.operatorName.domain.isEmpty, node.operatorName.type == "Add", node.inputs.count == 2,
      node.inputs[0] != node.inputs[1], node.inputs.allSatisfy({ isData($0) }),
      extents(node.inputs[0]) == extents(node.inputs[1])
    else { return false }
    let (left, right) = (Set(ancestors(of: node.inputs[0])), Set(ancestors(of: node.inputs[1])))
    let branches = left.symmetricDifference(right).map { nodes[$0] }
    let hasProduct = branches.contains { node in
      ["MatMul", "Einsum", "Gemm"].contains(node.operatorName.type) && dataInputs(node).count > 1
    }
    return !left.isDisjoint(with: right) && !hasProduct && branches.contains(where: isWeighted)
  }

  /// Nodes between two values, if one of them has weights on a path from the first to the second.
  private func weightedPath(from source: String, to target: String) -> [Int]? {
    guard let last = producer(target), let first = consumers(source).first, first <= last else { return nil }
    var isReached = [Bool](repeating: false, count: last - first + 1)
    var isWeightedReached = isReached
    for index in first...last {
      for input in nodes[index].inputs where !input.isEmpty {
        if input == source {
          isReached[index - first] = true
        } else if let maker = producer(input), maker >= first {
          isReached[index - first] = isReached[index - first] || isReached[maker - first]
          isWeightedReached[index - first] =
            isWeightedReached[index - first] || isWeightedReached[maker - first]
        }
      }
      if isReached[index - first], isWeighted(nodes[index]) { isWeightedReached[index - first] = true }
    }
    guard isWeightedReached[last - first] else { return nil }
    var isNeeded = [Bool](repeating: false, count: last - first + 1)
    isNeeded[last - first] = true
    for index in stride(from: last, through: first, by: -1) where isNeeded[index - first] {
      for input in nodes[index].inputs where input != source {
        if let maker = producer(input), maker >= first, isReached[maker - first] {
          isNeeded[maker - first] = true
        }
      }
    }
    return (first...last).filter { isNeeded[$0 - first] && isReached[$0 - first] }
  }
}
