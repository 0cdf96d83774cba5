import Graphs
package import Operators
import Tensors

/// Replaces the sum of two depthwise convolutions of one value by `DepthwisePair`, and a large one alone.
///
///     Add(Conv(x, large), Conv(x, small)) → DepthwisePair(x, large, small)        Conv(x, large) → DepthwisePair(x, large)
///
/// One alone counts as large with more than seven rows, or where its maps are made of tokens. All keep the map's size: odd square kernels, stride 1, padding of half the dilated extent, no bias.
package struct FuseDepthwisePair: RewriteRule {
  package let label = "fuse depthwise pair"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: "Add") {
      guard let node = graph[id], node.inputs[0] != node.inputs[1],
        let first = graph.maker(of: node.inputs[0], "Conv"),
        let second = graph.maker(of: node.inputs[1], "Conv"),
        first.node.inputs[0] == second.node.inputs[0], node.inputs.allSatisfy({ graph.isInner($0) }),
        let firstReach = Self.reach(first.node, in: graph),
        let secondReach = Self.reach(second.node, in: graph)
      else { continue }
      let (large, small) =
        firstReach.extent >= secondReach.extent
        ? ((first.node, firstReach), (second.node, secondReach))
        : ((second.node, secondReach), (first.node, firstReach))
      try graph.replace(
        id,
        with: [
          LoweredNode(
            DepthwisePair(largeDilation: large.1.dilation, smallDilation: small.1.dilation),
            [first.node.inputs[0], large.0.inputs[1], small.0.inputs[1]], outputs: [node.outputs[0]])
        ])
      count += 1
    }
    for id in graph.ids(of: Conv.self) {
      guard let node = graph[id], let reach = Self.reach(node, in: graph),
        graph.shape(node.inputs[1])[2] > 7 || graph.shape(graph.view(of: node.inputs[0]).root).rank == 3
      else { continue }
      let alone = DepthwisePair(largeDilation: reach.dilation, smallDilation: 1)
      try graph.replace(
        id, with: [LoweredNode(alone, node.inputs.prefix(2).map { $0 }, outputs: [node.outputs[0]])])
      count += 1
    }
    return count
  }

  /// Extent with dilation, and dilation, of a convolution of the form wanted; nil for any other.
  private static func reach(_ node: LoweredNode, in graph: EditableGraph) -> (extent: Int, dilation: Int)? {
    let maps = graph.shape(node.inputs[0])
    let kernel = graph.shape(node.inputs[1])
    guard let form = (node.operation as? Conv)?.form, node.input(2) == nil, maps.rank == 4, kernel.rank == 4,
      form.group == maps[1], kernel[0] == maps[1], kernel[1] == 1,
      kernel[2] == kernel[3], kernel[2] % 2 == 1, (form.strides ?? [1, 1]).allSatisfy({ $0 == 1 }),
      graph.shape(node.outputs[0]) == maps
    else { return nil }
    let dilations = form.dilations ?? [1, 1]
    guard dilations.count == 2, dilations[0] == dilations[1] else { return nil }
    let reach = dilations[0] * (kernel[2] - 1) / 2
    switch form.automaticPadding {
    // Stride 1 and an odd extent: both SAME variants pad alike.
    case "SAME_UPPER", "SAME_LOWER": return (2 * reach + 1, dilations[0])
    case "NOTSET": break
    default: return nil
    }
    guard (form.pads ?? [0, 0, 0, 0]).allSatisfy({ $0 == reach }) else { return nil }
    return (2 * reach + 1, dilations[0])
  }
}
