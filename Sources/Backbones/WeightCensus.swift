import Graphs
import Tensors

extension GraphView {
  /// The initializers that training may change: matrices, kernels, biases, scales, shifts, tokens and positions.
  ///
  /// Numbers such as ε, √2 or the attention scale, attention masks, and the image's mean and deviation are none. Nor are
  /// tensors that arithmetic makes into what the network uses, such as a resized position embedding.
  ///
  /// - Parameter first: index of the first convolution; what scales and shifts the image before it is no weight.
  func weights(from first: Int) -> [BackboneWeight] {
    var census = WeightCensus(view: self)
    for (index, node) in nodes.enumerated() where index >= first || isWeighted(node) {
      census.visit(node)
    }
    return census.weights
  }

  /// The same of some nodes.
  func weights(of indices: [Int]) -> [BackboneWeight] {
    var census = WeightCensus(view: self)
    for index in indices { census.visit(nodes[index]) }
    return census.weights
  }
}

/// Collects weights node by node, each once.
private struct WeightCensus {
  let view: GraphView
  var weights: [BackboneWeight] = []
  private var seen: Set<String> = []

  init(view: GraphView) { self.view = view }

  mutating func visit(_ node: Node) {
    guard node.operatorName.domain.isEmpty else { return }
    switch node.operatorName.type {
    case "MatMul", "Einsum":
      for input in node.inputs { add(input, .linear, minimumRank: 2) }
    case "Gemm":
      add(node.inputs[1], .linear, minimumRank: 2)
      if node.inputs.count > 2 { add(node.inputs[2], .bias) }
    case "Conv", "ConvTranspose":
      add(node.inputs[1], .convolution, minimumRank: 3)
      if node.inputs.count > 2 { add(node.inputs[2], .bias) }
    // The statistics of a BatchNormalization are none: they stay as they are.
    case "LayerNormalization", "BatchNormalization":
      add(node.inputs[1], .scale)
      if node.inputs.count > 2 { add(node.inputs[2], .shift) }
    case "Mul":
      for input in node.inputs where isVector(input) { add(input, .scale) }
    case "Add":
      guard !feedsSoftmax(node) else { return }
      for (input, other) in zip(node.inputs, node.inputs.reversed()) {
        if isVector(input) {
          add(input, isProduct(other) ? .bias : .shift)
        } else if view.extents(input).count == 3, view.extents(other).count == 3 {
          add(input, .position)
        }
      }
    case "Concat":
      for input in node.inputs where view.extents(input).count == 3 { add(input, .token) }
    default: break
    }
  }

  private mutating func add(_ value: String, _ role: BackboneWeight.Role, minimumRank: Int = 1) {
    guard !value.isEmpty, !view.isData(value), let shape = view.shape(value), shape.rank >= minimumRank,
      shape.elementCount > 1, view.elementType(value)?.isFloatingPoint ?? false,
      let name = view.initializer(behind: value), seen.insert(name).inserted
    else { return }
    weights.append(BackboneWeight(name: name, role: role, count: view.elementCount(ofInitializer: name)))
  }

  /// Whether a constant holds one number per channel: all axes but the last have extent 1.
  private func isVector(_ value: String) -> Bool {
    guard !view.isData(value), let shape = view.shape(value), shape.rank > 0 else { return false }
    return shape.elementCount == shape[-1]
  }

  private func isProduct(_ value: String) -> Bool {
    view.node(making: view.beforeRearranging(value), "MatMul", "Gemm", "Conv") != nil
  }

  private func feedsSoftmax(_ node: Node) -> Bool {
    node.outputs.contains { output in
      view.consumers(output).contains { view.nodes[$0].operatorName.type == "Softmax" }
    }
  }
}
