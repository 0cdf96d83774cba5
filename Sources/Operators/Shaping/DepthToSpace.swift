import Graphs
import Tensors

/// DepthToSpace (ai.onnx 1…): channels become blocks of positions.
///
///     DCR: y[b, c, h · s + i, w · s + j] = x[b, (i · s + j) · C + c, h, w]
///     CRD: y[b, c, h · s + i, w · s + j] = x[b, (c · s + i) · s + j, h, w]
///
/// Shapes: [B, C · s², H, W] → [B, C, H · s, W · s]. Source: onnx/docs/Operators.md#DepthToSpace.
struct DepthToSpace: Composition {
  static let schema = OperatorSchema("DepthToSpace", versions: 1..., inputs: ["input"], outputs: ["output"])

  let blocks: BlockExtent
  let isDepthFirst: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    blocks = try BlockExtent(reading: node)
    isDepthFirst = try node.text("mode", oneOf: ["DCR", "CRD"]) == "DCR"
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let (side, shape) = (blocks.side, nodes.type().shape)
    guard shape.rank == 4, shape[1] % (side * side) == 0 else {
      throw .invalid("input 0 has shape \(shape), expected [N, C, H, W] with C a multiple of \(side * side)")
    }
    let (channels, height, width) = (shape[1] / (side * side), shape[2], shape[3])
    let cut = isDepthFirst ? [side, side, channels] : [channels, side, side]
    let order = isDepthFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
    let apart = try nodes.reshape(nodes[0], to: [0] + cut + [height, width])
    let moved = nodes.emit("Transpose", [apart], [Attribute("perm", order)])
    nodes.deliver("Reshape", [moved, try nodes.integers([0, channels, height * side, width * side])])
  }
}

/// The attribute `blocksize` of DepthToSpace and SpaceToDepth.
struct BlockExtent {
  let side: Int

  init(reading node: AttributeReader) throws(OperatorError) {
    side = try node.int("blocksize")
    guard side > 0, side < 1 << 15 else {
      throw .invalid("attribute 'blocksize' is \(side), expected a positive number below \(1 << 15)")
    }
  }
}
