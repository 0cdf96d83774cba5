import Graphs
import Tensors

/// A branch of a block of attention and MLP: what a residual addition adds.
struct Branch {
  /// The node that mixes tokens.
  struct Mixer {
    /// Its label.
    let label: String
    /// Tokens that look, where the shapes tell: those of one window where there are windows.
    let queries: Int?
    /// Tokens that a token looks at, where the shapes tell.
    let keys: Int?
  }

  /// Label of the addition.
  let label: String
  /// The Softmax or Attention of the branch; nil in an MLP.
  let mixer: Mixer?
  /// The value that the branch's first weighted nodes read: the stream after its normalisation.
  let normOutput: String?
  /// Linear layers that read the normalised stream.
  let entries: [LinearLayer]
  /// Whether tokens stand before the batch inside the branch.
  let movesBatch: Bool
  /// Whether a vector scales the branch before it is added.
  let isScaled: Bool

  private static let activations: Set<String> = [
    "Erf", "Gelu", "Relu", "Tanh", "Sigmoid", "HardSwish", "Elu", "LeakyRelu", "Softplus", "Mish", "Swish",
  ]

  /// The branch of an addition to a stream with so many tokens.
  init(_ residual: Residual, tokens: Int, in view: GraphView) throws(Mismatch) {
    label = view.nodes[residual.index].label
    mixer = try Self.mixer(of: residual, label, in: view)
    let readers = Self.firstWeighted(of: residual, in: view)
    entries = readers.compactMap { LinearLayer($0.node, in: view) }
    movesBatch =
      readers.contains { Self.passesTranspose(from: $0.input, in: view) }
      || entries.contains { Self.splitsBatchLast($0, tokens: tokens, in: view) }
    normOutput = Self.normOutput(of: residual, read: readers.map(\.input), in: view)
    isScaled =
      view.node(making: residual.branch, "Mul")?.inputs.contains {
        !view.isData($0) && view.extents($0).last == view.extents(residual.output).last
      } ?? false
  }

  /// The one node of a branch that mixes tokens, or nil where the branch is an MLP.
  private static func mixer(of residual: Residual, _ label: String, in view: GraphView) throws(Mismatch)
    -> Mixer?
  {
    let mixers = view.mixers(among: residual.nodes)
    guard let mixer = mixers.first else {
      let nodes = residual.nodes.map { view.nodes[$0] }.filter(\.operatorName.domain.isEmpty)
      guard nodes.contains(where: { activations.contains($0.operatorName.type) }) else {
        throw Mismatch("the branch of '\(label)' has neither Softmax nor an activation", at: [label])
      }
      return nil
    }
    guard mixers.count == 1 else {
      throw Mismatch("the branch of '\(label)' has \(mixers.count) Softmax, expected one", at: [label])
    }
    if mixer.operatorName.type == "Softmax" {
      let scores = view.extents(mixer.inputs[0])
      return Mixer(label: mixer.label, queries: scores.dropLast().last, keys: scores.last)
    }
    return Mixer(
      label: mixer.label, queries: view.extents(mixer.inputs[0]).dropLast().last,
      keys: view.extents(mixer.inputs[1]).dropLast().last)
  }

  /// The nodes with weights that have none before them in the branch, with what they read.
  private static func firstWeighted(of residual: Residual, in view: GraphView) -> [(
    node: Node, input: String
  )] {
    var weightedBefore: Set<String> = []
    var found: [(node: Node, input: String)] = []
    for node in residual.nodes.map({ view.nodes[$0] }) {
      let isAfterWeights = node.inputs.contains { weightedBefore.contains($0) }
      let isWeighted = view.isWeighted(node)
      if isWeighted, !isAfterWeights, let input = view.dataInputs(node).first { found.append((node, input)) }
      if isAfterWeights || isWeighted { weightedBefore.formUnion(node.outputs) }
    }
    return found
  }

  /// The normalised stream: what all first weighted nodes read, through rearrangements, padding and shifts.
  private static func normOutput(of residual: Residual, read inputs: [String], in view: GraphView) -> String?
  {
    let candidates = residual.nodes.compactMap { view.nodes[$0].outputs.first }.filter { value in
      // The stream itself may come from a normalisation, as behind the patch merging of Swin V2.
      view.extents(value) == view.extents(residual.stream) && view.isNormalized(value)
        && view.sameValue(value) != view.sameValue(residual.stream)
    }
    // The last one: a normalisation in parts has more than one such value.
    return candidates.last { value in
      inputs.allSatisfy { $0 == value || view.path(from: value, to: $0) != nil }
    }
  }

  /// Whether the result of a layer is split as [N, B, 3, C].
  ///
  /// onnxslim drops the Transpose of a batch of 1: then only this split shows the order.
  private static func splitsBatchLast(_ layer: LinearLayer, tokens: Int, in view: GraphView) -> Bool {
    guard let index = view.soleConsumer(view.sameValue(layer.output)),
      view.nodes[index].operatorName.type == "Reshape", let parts = view.nodes[index].outputs.first
    else { return false }
    let extents = view.extents(parts)
    return extents.count == 4 && extents[0] == tokens && extents[2] == 3
  }

  private static func passesTranspose(from value: String, in view: GraphView) -> Bool {
    var current = value
    while let index = view.producer(current), view.isRearranging(index),
      let source = view.nodes[index].inputs.first
    {
      if view.nodes[index].operatorName.type == "Transpose" { return true }
      current = source
    }
    return false
  }
}

extension Branch {
  /// Pairs attention and MLP branches to blocks.
  static func blocks(of branches: [Branch], at points: [ResidualStream.Point], in view: GraphView)
    throws(Mismatch) -> [BackboneLayout.Block]
  {
    var blocks: [BackboneLayout.Block] = []
    for position in stride(from: 0, to: branches.count, by: 2) {
      let index = blocks.count
      let attention = branches[position]
      guard attention.mixer != nil else {
        throw Mismatch("block \(index) starts with an MLP, expected attention", at: [attention.label])
      }
      guard position + 1 < branches.count else {
        throw Mismatch("block \(index) has attention but no MLP", at: [attention.label])
      }
      let mlp = branches[position + 1]
      guard mlp.mixer == nil else {
        throw Mismatch(
          "block \(index) has attention twice, expected an MLP", at: [attention.label, mlp.label])
      }
      let (middle, end) = (points[position], points[position + 1])
      blocks.append(
        BackboneLayout.Block(
          index: index, stage: end.segment,
          points: [
            middle.site(.afterAttention, block: index, normOutput: attention.normOutput, in: view),
            end.site(.afterMLP, block: index, normOutput: mlp.normOutput, in: view),
            end.site(.block, block: index, normOutput: mlp.normOutput, in: view),
          ]))
    }
    return blocks
  }
}

extension GraphView {
  /// The nodes that mix tokens: those with attention's weights.
  func mixers(among indices: [Int]) -> [Node] {
    indices.map { nodes[$0] }.filter {
      $0.operatorName.domain.isEmpty && ["Softmax", "Attention"].contains($0.operatorName.type)
    }
  }
}
