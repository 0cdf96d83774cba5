import Graphs
import Tensors

/// Finds the linear classifiers behind a network's outputs.
///
///     logits           Gemm → [Reshape, Squeeze] → output
///     of one pixel     Conv 1×1 on [B, C, 1, 1] → Reshape → output
///     probabilities    Gemm → Softmax | LogSoftmax | Sigmoid → output
///     scaled           Gemm → Mul or Div by a number → output
///     unit length      Gemm → x / ‖x‖ → output
///     distilled        two Gemm → Add → Div 2 → output
///
/// An output that another classifier depends on is none: an embedding that the classifier reads, one of two averaged ones.
/// Of several outputs of the same layers, such as logits and their probabilities, the logits are the classifier's.
struct ClassifierSearch {
  private let view: GraphView
  private let layers: [String: LinearLayer]

  /// A search among the nodes that depend on a value.
  init(behind start: String, in view: GraphView) {
    self.view = view
    var layers: [String: LinearLayer] = [:]
    for index in view.descendants(of: start) {
      let node = view.nodes[index]
      if let layer = LinearLayer(node, in: view) ?? LinearLayer(pixel: node, in: view) {
        layers[layer.output] = layer
      }
    }
    self.layers = layers
  }

  /// The classifiers, in the order of the outputs.
  var classifiers: [ClassifierHead] {
    let found = view.outputs.compactMap(classifier)
    let needed = found.map { head in
      Set(view.ancestors(of: head.output).flatMap { view.nodes[$0].outputs })
    }
    var result: [ClassifierHead] = []
    for (position, head) in found.enumerated() {
      let products = head.layers.map(\.product)
      let isInner = found.indices.contains { other in
        found[other].layers != head.layers && products.allSatisfy { needed[other].contains($0) }
          && !found[other].layers.map(\.product).allSatisfy { needed[position].contains($0) }
      }
      if isInner { continue }
      guard let same = result.firstIndex(where: { $0.layers == head.layers }) else {
        result.append(head)
        continue
      }
      if head.deliversLogits, !result[same].deliversLogits { result[same] = head }
    }
    return result
  }

  private func classifier(of output: String) -> ClassifierHead? {
    guard (1...2).contains(view.extents(output).count), view.elementType(output)?.isFloatingPoint ?? false
    else { return nil }
    var value = view.beforeRearranging(output)
    var deliversLogits = true
    var isScaled = false
    while true {
      if let layer = layers[value] {
        return head(
          [layer], output: output, kind: view.headKind(of: layer.input), deliversLogits: deliversLogits)
      }
      if isScaled, let pair = pair(addedTo: value) {
        return head(pair, output: output, kind: .distilled, deliversLogits: deliversLogits)
      }
      guard let step = ScoreStep(behind: value, in: view) else { return nil }
      deliversLogits = deliversLogits && step.keepsLogits
      isScaled = step.isScaling
      value = view.beforeRearranging(step.source)
    }
  }

  /// Two layers of the same input width whose sum a value is.
  private func pair(addedTo value: String) -> [LinearLayer]? {
    guard let addition = view.node(making: value, "Add") else { return nil }
    let pair = addition.inputs.compactMap { layers[view.beforeRearranging($0)] }
    guard pair.count == 2, pair[0].output != pair[1].output, pair[0].inputWidth == pair[1].inputWidth
    else { return nil }
    return pair
  }

  private func head(
    _ layers: [LinearLayer], output: String, kind: ClassifierHead.Kind, deliversLogits: Bool
  ) -> ClassifierHead? {
    guard let first = layers.first, layers.allSatisfy({ [2, 4].contains(view.extents($0.input).count) })
    else { return nil }
    let batch = view.extents(first.input)[0]
    guard view.shape(output)?.elementCount == batch * first.outputWidth else { return nil }
    return ClassifierHead(
      kind: kind,
      layers: layers.map { layer in
        ClassifierHead.Layer(
          node: layer.node.label, weight: view.initializer(behind: layer.weight),
          bias: layer.bias.flatMap { view.initializer(behind: $0) }, input: layer.input,
          product: layer.node.outputs[0], isTransposed: layer.isTransposed)
      }, features: first.inputWidth, classes: first.outputWidth, output: output,
      deliversLogits: deliversLogits)
  }
}

extension GraphView {
  /// What a vector shows of the tokens.
  func headKind(of vector: String, isPart: Bool = false) -> ClassifierHead.Kind {
    var value = vector
    while let index = producer(value) {
      let node = nodes[index]
      switch node.operatorName.type {
      case "GlobalAveragePool": return .mean
      case "ReduceMean" where shape(value)?.elementCount == shape(vector)?.elementCount: return .mean
      case "Concat":
        guard !isPart else { return .vector }
        let kinds = node.inputs.map { headKind(of: $0, isPart: true) }
        return kinds.contains(.mean) && kinds.contains(.classToken) ? .classTokenAndMean : .vector
      // torch.export writes a view as a Gather of all elements.
      case "Gather" where shape(node.inputs[0])?.elementCount == shape(value)?.elementCount:
        value = node.inputs[0]
      case "Gather": return extents(node.inputs[0]).count == 3 ? .classToken : .vector
      // ONNX Runtime writes the Gather of the first token and the Slice of the others as one Split.
      case "Slice", "Split":
        guard extents(node.inputs[0]).count == 3, extents(value).count == 3 else { return .vector }
        return extents(value)[1] == 1 ? .classToken : .vector
      default:
        guard let source = dataInputs(node).first else { return .vector }
        value = source
      }
    }
    return .vector
  }
}
