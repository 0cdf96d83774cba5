import Tensors

/// GlobalMaxPool (ai.onnx 1…): the largest element of each map.
///
///     y[b, c] = max x[b, c, …]
///
/// Shapes: X [B, C, d…] → [B, C, 1…]. Source: onnx/docs/Operators.md#GlobalMaxPool.
struct GlobalMaxPool: Composition {
  static let schema = OperatorSchema("GlobalMaxPool", versions: 1..., inputs: ["X"], outputs: ["Y"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let shape = nodes.type().shape
    guard shape.rank >= 2 else { throw .invalid("input 0 has shape \(shape), expected [N, C, …]") }
    // A reduction over no axes would be one over all.
    guard shape.rank > 2 else { return nodes.deliver("Identity", [nodes[0]]) }
    try nodes.deliverReduction("ReduceMax", nodes[0], Array(2..<shape.rank))
  }
}
