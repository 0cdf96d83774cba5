import Graphs
import Tensors

/// A branch of a block: what a residual addition adds.
struct Branch {
  /// What mixes in the branch.
  enum Kind {
    case attention
    case mlp
  }

  let residual: Residual
  let kind: Kind
  /// Label of the addition.
  let label: String
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

  /// A branch of a stream with so many tokens.
  init(_ residual: Residual, tokens: Int, in view: GraphView) throws(Mismatch) {
    self.residual = residual
    label = view.nodes[residual.index].label
    let nodes = residual.nodes.map { view.nodes[$0] }
    let mixers = nodes.filter {
      $0.operatorName.domain.isEmpty && ["Softmax", "Attention"].contains($0.operatorName.type)
    }
    if mixers.isEmpty {
      guard nodes.contains(where: { Self.activations.contains($0.operatorName.type) }) else {
        throw Mismatch("the branch of '\(label)' has neither Softmax nor an activation", at: [label])
      }
      kind = .mlp
    } else {
      guard mixers.count == 1 else {
        throw Mismatch("the branch of '\(label)' has \(mixers.count) Softmax, expected one", at: [label])
      }
      let mixer = mixers[0]
      let keys =
        mixer.operatorName.type == "Softmax"
        ? view.extents(mixer.inputs[0]).last : view.extents(mixer.inputs[1]).dropLast().last
      guard keys == tokens else {
        throw Mismatch(
          "attention '\(mixer.label)' looks at \(keys ?? 0) of \(tokens) tokens, expected all: windows are another "
            + "family", at: [mixer.label])
      }
      kind = .attention
    }
    var weightedBefore: Set<String> = []
    var origins: [String] = []
    var entries: [LinearLayer] = []
    var movesBatch = false
    for node in nodes {
      let isAfterWeights = node.inputs.contains { weightedBefore.contains($0) }
      let isWeighted = view.isWeighted(node)
      if isWeighted, !isAfterWeights, let input = view.dataInputs(node).first {
        origins.append(view.beforeRearranging(input))
        movesBatch = movesBatch || Self.passesTranspose(from: input, in: view)
        if let linear = LinearLayer(node, in: view) {
          entries.append(linear)
          // onnxslim drops the Transpose of a batch of 1: then only the split [N, B, 3, C] shows the order.
          let split = view.soleConsumer(view.sameValue(linear.output)).map { view.nodes[$0] }
          if let split, split.operatorName.type == "Reshape", let parts = split.outputs.first {
            let extents = view.extents(parts)
            movesBatch = movesBatch || extents.count == 4 && extents[0] == tokens && extents[2] == 3
          }
        }
      }
      if isAfterWeights || isWeighted { weightedBefore.formUnion(node.outputs) }
    }
    self.entries = entries
    self.movesBatch = movesBatch
    let origin = origins.first
    let isOne = origins.allSatisfy { $0 == origin }
    if isOne, let origin, origin != view.beforeRearranging(residual.stream), origin != residual.stream,
      view.extents(origin) == view.extents(residual.stream)
    {
      normOutput = origin
    } else {
      normOutput = nil
    }
    if let scale = view.node(making: residual.branch, "Mul") {
      isScaled = scale.inputs.contains {
        !view.isData($0) && view.extents($0).last == view.extents(residual.output).last
      }
    } else {
      isScaled = false
    }
  }

  private static func passesTranspose(from value: String, in view: GraphView) -> Bool {
    var current = value
    while let index = view.producer(current), view.isRearranging(view.nodes[index]),
      let source = view.nodes[index].inputs.first
    {
      if view.nodes[index].operatorName.type == "Transpose" { return true }
      current = source
    }
    return false
  }
}
