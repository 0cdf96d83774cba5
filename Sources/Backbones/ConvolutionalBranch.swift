import Graphs
import Tensors

/// A branch that is one chain of convolutions with normalisation and activation between them.
struct ConvolutionalBranch {
  /// One convolution of the chain.
  struct Convolution: Hashable {
    /// Rows and columns of the kernel.
    let kernel: [Int]
    /// Channels read.
    let inputs: Int
    /// Channels made.
    let outputs: Int
    /// Parts into which the channels are cut.
    let groups: Int

    /// Whether the kernel is one pixel and all channels meet.
    var isPointwise: Bool { kernel == [1, 1] && groups == 1 }
    /// Whether each channel has a kernel of its own.
    var isDepthwise: Bool { groups > 1 && groups == inputs && inputs == outputs }
  }

  /// Label of the addition.
  let label: String
  /// The convolutions, in the order in which data pass.
  let convolutions: [Convolution]
  /// Whether an activation stands in front of the first convolution.
  let beginsActivated: Bool
  /// Whether an activation stands behind the addition.
  let endsActivated: Bool

  private static let normalizations: Set<String> = ["BatchNormalization", "Add", "Sub", "Mul", "Div"]

  /// The branch of a point on maps [B, C, H, W].
  ///
  /// - Throws: where the branch forks, or where a node is neither convolution, normalisation nor activation.
  init(of point: ResidualStream.Point, in view: GraphView) throws(Mismatch) {
    let residual = point.residual
    label = view.nodes[residual.index].label
    guard point.layout == .channelsFirst else {
      throw Mismatch(
        "residual addition '\(label)' makes \(view.extents(residual.output)), expected a map [B, C, H, W]",
        at: [label])
    }
    var convolutions: [Convolution] = []
    var beginsActivated = false
    for index in residual.nodes {
      let node = view.nodes[index]
      guard view.dataInputs(node).count == 1 else {
        throw Mismatch(
          "the branch of '\(label)' forks at '\(node.label)' (\(node.operatorName)), expected a chain of convolutions",
          at: [label, node.label])
      }
      switch node.operatorName.type {
      case "Conv":
        convolutions.append(try Self.convolution(node, in: view))
      case let type where GraphView.activations.contains(type):
        if convolutions.isEmpty { beginsActivated = true }
      case let type where Self.normalizations.contains(type) || view.isRearranging(index) || type == "Pad":
        continue
      default:
        throw Mismatch(
          "the branch of '\(label)' has '\(node.label)' (\(node.operatorName)), expected convolutions, normalisation and "
            + "activations", at: [label, node.label])
      }
    }
    self.convolutions = convolutions
    self.beginsActivated = beginsActivated
    endsActivated = point.value != residual.output
  }

  private static func convolution(_ node: Node, in view: GraphView) throws(Mismatch) -> Convolution {
    let weight = view.extents(node.inputs[1])
    guard weight.count == 4 else {
      throw Mismatch(
        "convolution '\(node.label)' has \(max(0, weight.count - 2)) spatial axes, expected 2",
        at: [node.label])
    }
    let groups = view.integers("group", operand: .max, of: node)?.first ?? 1
    return Convolution(
      kernel: Array(weight[2...]), inputs: weight[1] * groups, outputs: weight[0], groups: groups)
  }

  /// What the convolutions are, for messages: `1×1, 3×3 in 32 groups, 1×1`.
  var summary: String {
    convolutions.map { convolution in
      let size = convolution.kernel.map(String.init).joined(separator: "×")
      if convolution.isDepthwise { return "\(size) depthwise" }
      return convolution.groups > 1 ? "\(size) in \(convolution.groups) groups" : size
    }.joined(separator: ", ")
  }
}

extension ResidualStream {
  /// Blocks of a residual convolutional network: one point each.
  func convolutionalBlocks(in view: GraphView) -> [BackboneLayout.Block] {
    points.enumerated().map { index, point in
      BackboneLayout.Block(
        index: index, stage: point.segment,
        points: [point.site(.block, block: index, normOutput: nil, in: view)])
    }
  }
}
