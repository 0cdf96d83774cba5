import Graphs
import Tensors

/// SpaceToDepth (ai.onnx 1…): blocks of positions become channels.
///
///     DCR: y[b, (i · s + j) · C + c, h, w] = x[b, c, h · s + i, w · s + j]
///     CRD: y[b, (c · s + i) · s + j, h, w] = x[b, c, h · s + i, w · s + j]
///
/// Shapes: [B, C, H · s, W · s] → [B, C · s², H, W]. Source: onnx/docs/Operators.md#SpaceToDepth.
struct SpaceToDepth: Composition {
  static let schema = OperatorSchema("SpaceToDepth", versions: 1..., inputs: ["input"], outputs: ["output"])

  let blocks: BlockExtent
  let isDepthFirst: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    blocks = try BlockExtent(reading: node)
    isDepthFirst = try node.text("mode", oneOf: ["DCR", "CRD"]) == "DCR"
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let (side, shape) = (blocks.side, nodes.type().shape)
    guard shape.rank == 4, shape[2] % side == 0, shape[3] % side == 0 else {
      throw .invalid("input 0 has shape \(shape), expected [N, C, H, W] with multiples of \(side)")
    }
    let (channels, height, width) = (shape[1], shape[2] / side, shape[3] / side)
    let apart = try nodes.reshape(nodes[0], to: [0, channels, height, side, width, side])
    let moved = nodes.emit(
      "Transpose", [apart], [Attribute("perm", isDepthFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4])])
    guard let depth = Shape(checking: [channels, side * side])?.elementCount else {
      throw .invalid("\(channels) channels in blocks of \(side) are too many")
    }
    nodes.deliver("Reshape", [moved, try nodes.integers([0, depth, height, width])])
  }
}
