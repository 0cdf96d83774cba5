import Graphs

/// MobileNetV2 and its like: inverted residuals with linear bottlenecks, on maps.
///
///     block   x → Conv 1×1 → Clip 0…6 → Conv 3×3 depthwise → Clip 0…6 → Conv 1×1 → Add(x, ·)
///     tail    Conv 1×1 → Clip → GlobalAveragePool | ReduceMean → Flatten → Gemm
///
/// The point is the sum, which nothing activates. Blocks that change the map or its channels add nothing and have no point.
package enum InvertedResidualNetwork: Backbone {
  package static let name = "mobilenet"

  package static func recognize(_ view: GraphView) throws(Mismatch) -> BackboneLayout {
    let stem = try ImageStem(view)
    try view.requireShapes()
    let stream = try ResidualStream(behind: stem.map, in: view)
    for point in stream.points {
      let branch = try ConvolutionalBranch(of: point, in: view)
      let convolutions = branch.convolutions
      // A block that widens nothing has no first convolution.
      let expansion = convolutions.dropLast(2)
      guard point.residual.isPlain, (2...3).contains(convolutions.count),
        expansion.allSatisfy(\.isPointwise), convolutions[expansion.count].isDepthwise,
        convolutions[expansion.count + 1].isPointwise
      else {
        throw Mismatch(
          "the branch of '\(branch.label)' is \(branch.summary), expected 1×1, depthwise, 1×1",
          at: [branch.label])
      }
      guard !branch.endsActivated, !branch.beginsActivated else {
        throw Mismatch(
          "'\(branch.label)' is activated, expected a linear bottleneck", at: [branch.label])
      }
    }
    return try view.layout(
      family: name, stream.convolutionalBlocks(in: view), behind: stream.points.last?.value, stem: stem
    ) { _ in
      "MobileNetV2, \(stream.points.count) inverted residuals"
    }
  }
}
