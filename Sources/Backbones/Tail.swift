import Graphs
import Tensors

/// What follows the last block: normalisation, choice of tokens, classifier.
///
///     class token        LN → Gather(axis 1, 0) | Slice + Squeeze → Gemm
///     mean               Slice → ReduceMean(axis 1) → LN → Gemm
///     distilled          two Gathers → two Gemm → Add → Div 2
///     DINOv2             Concat(class token, ReduceMean(Slice)) → Gemm
///     features           LN → [Gather] → output
struct Tail {
  /// What a new classifier reads, and the output that it replaces.
  struct Reading {
    let input: HeadInput
    let output: String
  }

  private let view: GraphView
  private let start: String
  private let nodes: [Int]
  /// The classifier, or nil where the network delivers features.
  let classifier: ClassifierHead?
  /// Other outputs that could be the classifier's just as well, where the model's metadata do not name one.
  let rivals: [String]

  /// The tail of a network after the last value of its stream, or after its input.
  init(after stream: String, in view: GraphView) {
    self.view = view
    start = stream
    nodes = view.descendants(of: stream)
    let found = ClassifierSearch(behind: stream, in: view).classifiers
    let named = view.model.namedScoreOutput.flatMap { name in found.first { $0.output == name } }
    classifier = named ?? found.first
    rivals = named == nil ? found.dropFirst().map(\.output) : []
  }

  /// What a new classifier reads; nil where the network delivers neither a vector nor tokens nor a map.
  ///
  /// The vector of the old classifier; else an output [B, C]; else the tokens behind the last normalisation; else tokens as
  /// they come; else a map. Of tokens the first one is read where tokens stand before the patches, else their mean.
  func reading(prefix: Int) -> Reading? {
    if let classifier {
      let inputs = classifier.layers.map(\.input)
      let features = classifier.features
      let isMap = view.extents(inputs[0]).count == 4
      return Reading(
        input: HeadInput(inputs, features: features, averagedAxes: isMap ? [2, 3] : []),
        output: classifier.output)
    }
    let outputs = view.outputs.filter { value in
      (value == start || isDescendant(value)) && view.elementType(value)?.isFloatingPoint ?? false
    }
    // Probabilities without a linear layer behind them are no features, but the answer of a classifier of another kind.
    let isFeature = { (value: String) in ScoreOutput(value, in: view).kind == .logits }
    if let vector = outputs.first(where: { view.extents($0).count == 2 && isFeature($0) }) {
      return Reading(input: .vector(vector, features: view.extents(vector)[1]), output: vector)
    }
    let lists = outputs.filter { view.extents($0).count == 3 }
    guard let tokens = normalizedTokens ?? lists.first(where: view.isNormalized) ?? lists.first else {
      guard let map = outputs.first(where: { view.extents($0).count == 4 && $0 != start }),
        let layout = view.mapLayout(of: map)
      else { return nil }
      let features = view.extents(map)[layout == .channelsLast ? 3 : 1]
      return Reading(input: .meanOfMap(map, features: features, layout: layout), output: map)
    }
    let features = view.extents(tokens)[2]
    let replaced = view.outputs.contains(tokens) ? tokens : outputs.first { depends($0, on: tokens) }
    guard let output = replaced ?? view.outputs.first else { return nil }
    return Reading(
      input: prefix > 0
        ? .firstToken(tokens, features: features) : .meanOfTokens(tokens, features: features),
      output: output)
  }

  /// The first value of the tail that holds all of the stream after a normalisation.
  var normalizedStream: String? {
    let shape = view.extents(start)
    guard shape.count >= 3 else { return nil }
    let found = nodes.lazy.compactMap { view.nodes[$0].outputs.first }.first { value in
      view.extents(value) == shape && view.isNormalized(value)
    }
    guard var value = found else { return nil }
    guard view.node(making: value, "LayerNormalization", "RMSNormalization") == nil else { return value }
    // Of a normalisation in parts this is the quotient: scale and shift follow.
    while let index = view.soleConsumer(value), ["Mul", "Add"].contains(view.nodes[index].operatorName.type),
      view.dataInputs(view.nodes[index]).count == 1, let next = view.nodes[index].outputs.first,
      view.extents(next) == shape
    {
      value = next
    }
    return value
  }

  /// The last value of the tail that holds all tokens of the stream after a normalisation.
  private var normalizedTokens: String? {
    let shape = view.extents(start)
    guard shape.count == 3 else { return nil }
    for index in nodes.reversed() {
      if let value = view.nodes[index].outputs.first, view.extents(value) == shape, view.isNormalized(value) {
        return value
      }
    }
    return nil
  }

  private func isDescendant(_ value: String) -> Bool {
    view.producer(value).map { nodes.contains($0) } ?? false
  }

  private func depends(_ value: String, on other: String) -> Bool {
    guard let maker = view.producer(other) else { return false }
    return view.ancestors(of: value).contains(maker)
  }
}

extension GraphView {
  /// Whether a value is what a LayerNormalization makes, as one node or many.
  func isNormalized(_ value: String) -> Bool {
    var current = sameValue(value)
    while let node = node(making: current, "Add", "Mul") {
      let data = dataInputs(node)
      guard data.count == 1 else { break }
      current = sameValue(data[0])
    }
    if node(making: current, "LayerNormalization", "RMSNormalization") != nil { return true }
    guard let division = node(making: current, "Div"), division.inputs.count == 2 else { return false }
    return node(making: beforeRearranging(division.inputs[1]), "Sqrt") != nil
  }
}
