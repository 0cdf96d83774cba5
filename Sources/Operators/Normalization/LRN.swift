import Graphs
import Tensors

/// LRN (ai.onnx 7…): elements over a power of the mean square of their neighbours among the channels.
///
///     y[b, c, …] = x[b, c, …] / (bias + α / size · Σ(j) x[b, j, …]²)^β          c − ⌊(size − 1) / 2⌋ ≤ j ≤ c + ⌈(size − 1) / 2⌉
///
/// Shapes: X [B, C, d…] → Y like X. Source: onnx/docs/Operators.md#LRN; Krizhevsky et al., 2012.
struct LRN: Composition {
  static let schema = OperatorSchema("LRN", versions: 7..., inputs: ["X"], outputs: ["Y"])

  let size: Int
  let scale: Float
  let power: Float
  let bias: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    size = try node.int("size")
    scale = try node.float("alpha", default: 0.0001)
    power = try node.float("beta", default: 0.75)
    bias = try node.float("bias", default: 1)
    guard size > 0, size < 1 << 24 else {
      throw .invalid("attribute 'size' is \(size), expected a positive number below \(1 << 24)")
    }
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let shape = nodes.type().shape
    guard shape.rank >= 2 else { throw .invalid("input 0 has shape \(shape), expected [N, C, …]") }
    let squares = nodes.emit("Mul", [nodes[0], nodes[0]])
    // Channels are the first axis of maps of one channel.
    let maps = try nodes.reshape(squares, to: [0, 1, shape[1], -1])
    let means = nodes.emit(
      "AveragePool", [maps],
      [
        Attribute("kernel_shape", [size, 1]), Attribute("pads", [(size - 1) / 2, 0, size / 2, 0]),
        Attribute("count_include_pad", 1),
      ])
    let back = nodes.emit("Reshape", [means, nodes.emit("Shape", [nodes[0]])])
    let scaled = nodes.emit("Mul", [back, try nodes.number(Double(scale))])
    let sum = nodes.emit("Add", [scaled, try nodes.number(Double(bias))])
    nodes.deliver("Div", [nodes[0], nodes.emit("Pow", [sum, try nodes.number(Double(power))])])
  }
}
