import Graphs
import Tensors

/// What follows the last block: normalisation, choice of tokens, classifier.
///
///     class token        LN → Gather(axis 1, 0) | Slice + Squeeze → Gemm
///     mean               Slice → ReduceMean(axis 1) → LN → Gemm
///     distilled          two Gathers → two Gemm → Add → Div 2
///     DINOv2             Concat(class token, ReduceMean(Slice)) → Gemm
struct Tail {
  private let view: GraphView
  private let start: String
  private let nodes: [Int]
  /// The classifier, or nil where the network delivers features.
  let classifier: ClassifierHead?

  /// The tail of a network after the last value of its stream.
  init(after stream: String, in view: GraphView) {
    self.view = view
    start = stream
    nodes = view.descendants(of: stream)
    classifier = Self.classifier(
      nodes.compactMap { LinearLayer(view.nodes[$0], in: view) }, after: stream, in: view)
  }

  /// What a new classifier reads.
  func headInput(prefix: Int) -> HeadInput? {
    if let classifier {
      let inputs = classifier.layers.map(\.input)
      return inputs.count > 1
        ? .meanOfVectors(inputs, features: classifier.features)
        : .vector(inputs[0], features: classifier.features)
    }
    // Outputs that are features: pooled ones are taken as they come.
    let candidates = view.outputs + [start]
    for value in candidates where value == start || isDescendant(value) {
      let extents = view.extents(value)
      if extents.count == 2 { return .vector(value, features: extents[1]) }
      if extents.count == 3 {
        return prefix > 0
          ? .firstToken(value, features: extents[2]) : .meanOfTokens(value, features: extents[2])
      }
    }
    return nil
  }

  private func isDescendant(_ value: String) -> Bool {
    view.producer(value).map { nodes.contains($0) } ?? false
  }

  /// The linear layers whose result, or whose average, is an output of the network.
  private static func classifier(_ layers: [LinearLayer], after stream: String, in view: GraphView)
    -> ClassifierHead?
  {
    for output in view.outputs where view.extents(output).count == 2 {
      let last = view.sameValue(view.beforeRearranging(output))
      if let layer = layers.first(where: { makes($0, last, in: view) }) {
        return head([layer], output: output, kind: kind(of: layer.input, in: view), in: view)
      }
      // Div or Mul by a half, then Add of two layers.
      guard let scaling = view.node(making: last, "Div", "Mul"),
        let sum = scaling.inputs.first(where: { view.isData($0) }),
        let addition = view.node(making: sum, "Add")
      else { continue }
      let pair = addition.inputs.compactMap { value in
        layers.first { makes($0, view.beforeRearranging(value), in: view) }
      }
      if pair.count == 2, pair[0].node.outputs != pair[1].node.outputs,
        pair[0].inputWidth == pair[1].inputWidth
      {
        return head(pair, output: output, kind: .distilled, in: view)
      }
    }
    return nil
  }

  private static func makes(_ layer: LinearLayer, _ value: String, in view: GraphView) -> Bool {
    view.beforeRearranging(layer.output) == value
  }

  private static func head(
    _ layers: [LinearLayer], output: String, kind: ClassifierHead.Kind, in view: GraphView
  ) -> ClassifierHead? {
    guard let first = layers.first, view.extents(first.input).count == 2 else { return nil }
    return ClassifierHead(
      kind: kind,
      layers: layers.map { layer in
        ClassifierHead.Layer(
          node: layer.node.label, weight: view.initializer(behind: layer.weight),
          bias: layer.bias.flatMap { view.initializer(behind: $0) }, input: layer.input,
          isTransposed: layer.isTransposed)
      }, features: first.inputWidth, classes: first.outputWidth, output: output)
  }

  /// What a vector shows of the tokens.
  private static func kind(of vector: String, isPart: Bool = false, in view: GraphView) -> ClassifierHead.Kind
  {
    var value = vector
    while let index = view.producer(value) {
      let node = view.nodes[index]
      switch node.operatorName.type {
      case "ReduceMean" where view.extents(value).count < view.extents(node.inputs[0]).count,
        "GlobalAveragePool":
        return .mean
      case "Concat":
        guard !isPart else { return .vector }
        let kinds = node.inputs.map { kind(of: $0, isPart: true, in: view) }
        return kinds.contains(.mean) && kinds.contains(.classToken) ? .classTokenAndMean : .vector
      case "Gather": return view.extents(node.inputs[0]).count == 3 ? .classToken : .vector
      case "Slice":
        guard view.extents(node.inputs[0]).count == 3, view.extents(value).count == 3 else { return .vector }
        return view.extents(value)[1] == 1 ? .classToken : .vector
      default:
        guard let source = view.dataInputs(node).first else { return .vector }
        value = source
      }
    }
    return .vector
  }
}
