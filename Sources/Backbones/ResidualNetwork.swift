import Graphs

/// Residual convolutional networks (ResNet, ResNeXt, wide and pre-activation forms): basic or bottleneck blocks on maps.
///
///     basic       x → Conv 3×3 → Relu → Conv 3×3 → Add(x, ·) → Relu
///     bottleneck  x → Conv 1×1 → Relu → Conv 3×3 → Relu → Conv 1×1 → Add(x | Conv 1×1(x), ·) → Relu
///     pre-activation   x → BatchNormalization → Relu → Conv … → Add(x, ·)
///     tail        GlobalAveragePool | ReduceMean → Flatten → Gemm
///
/// A block's one point is the value that it delivers: the activated sum, or the sum where activation comes first. Whether
/// BatchNormalization is folded into convolutions does not matter, nor whether a shortcut projects, pads or pools.
package enum ResidualNetwork: Backbone {
  package static let name = "resnet"

  package static func recognize(_ view: GraphView) throws(Mismatch) -> BackboneLayout {
    let stem = try ImageStem(view)
    try view.requireShapes()
    let stream = try ResidualStream(behind: stem.map, in: view)
    let branches = try stream.points.map { (point) throws(Mismatch) in
      try ConvolutionalBranch(of: point, in: view)
    }
    let kind = try kind(of: branches[0])
    for branch in branches where try self.kind(of: branch) != kind {
      throw Mismatch(
        "the branch of '\(branch.label)' is \(branch.summary), that of '\(branches[0].label)' \(branches[0].summary)",
        at: [branches[0].label, branch.label])
    }
    let isActivated = branches[0].endsActivated
    for (branch, point) in zip(branches, stream.points)
    where branch.endsActivated != isActivated
      || !isActivated && point.residual.isPlain && !branch.beginsActivated
    {
      throw Mismatch(
        "'\(branch.label)' is activated neither behind the addition nor in front of the branch, as the others are",
        at: [branch.label])
    }
    return try view.layout(
      family: name, stream.convolutionalBlocks(in: view), behind: stream.points.last?.value, stem: stem
    ) { _ in
      variant(kind, branches, isActivated: isActivated)
    }
  }

  private enum Kind: String {
    case basic
    case bottleneck

    /// Convolutions in a branch.
    var depth: Int { self == .basic ? 2 : 3 }
  }

  private static func kind(of branch: ConvolutionalBranch) throws(Mismatch) -> Kind {
    let convolutions = branch.convolutions
    let isDense = !convolutions.contains(where: \.isDepthwise)
    if isDense, convolutions.count == 2, convolutions.allSatisfy({ $0.kernel == [3, 3] }) { return .basic }
    if isDense, convolutions.count == 3, convolutions[0].isPointwise, convolutions[1].kernel == [3, 3],
      convolutions[2].isPointwise
    {
      return .bottleneck
    }
    throw Mismatch(
      "the branch of '\(branch.label)' is \(branch.summary), expected 3×3, 3×3 or 1×1, 3×3, 1×1",
      at: [branch.label])
  }

  /// `ResNet-50, bottleneck blocks`: with one layer in front of the blocks and one behind them.
  private static func variant(_ kind: Kind, _ branches: [ConvolutionalBranch], isActivated: Bool) -> String {
    let groups = branches.flatMap(\.convolutions).map(\.groups).max() ?? 1
    let depth = branches.count * kind.depth + 2
    var parts = [groups > 1 ? "ResNeXt-\(depth), \(groups) groups" : "ResNet-\(depth)"]
    parts.append("\(kind.rawValue) blocks")
    if !isActivated { parts.append("pre-activation") }
    return parts.joined(separator: ", ")
  }
}
