package import Graphs
import Tensors

/// A linear layer: MatMul or Gemm with a constant matrix, and the bias added to it, if any.
///
///     timm, Hugging Face: MatMul(x, W[in,out]) → Add(b)        on 2-d input: Gemm(x, W[out,in], b, transB = 1)
///     onnxslim:           Reshape(−1, in) → Gemm(transB = 1) → Reshape
struct LinearLayer {
  /// The node that multiplies.
  let node: Node
  /// Its data operand.
  let input: String
  /// The constant matrix.
  let weight: String
  /// The constant bias, if there is one.
  let bias: String?
  /// The result, with the bias added.
  let output: String
  /// Length of the vectors read.
  let inputWidth: Int
  /// Length of the vectors made.
  let outputWidth: Int
  /// Whether the matrix is stored [out, in].
  let isTransposed: Bool

  /// The linear layer whose multiplication is a node, or nil where the node is none.
  init?(_ node: Node, in view: GraphView) {
    guard node.operatorName.domain.isEmpty, node.inputs.count >= 2, view.isData(node.inputs[0]),
      !view.isData(node.inputs[1]), let shape = view.shape(node.inputs[1]), shape.rank == 2,
      let product = node.outputs.first
    else { return nil }
    self.node = node
    input = node.inputs[0]
    weight = node.inputs[1]
    switch node.operatorName.type {
    case "MatMul":
      isTransposed = false
    case "Gemm":
      if case .int(let transposed)? = node.attribute("transA"), transposed != 0 { return nil }
      if case .int(let transposed)? = node.attribute("transB") {
        isTransposed = transposed != 0
      } else {
        isTransposed = false
      }
    default: return nil
    }
    inputWidth = shape[isTransposed ? 1 : 0]
    outputWidth = shape[isTransposed ? 0 : 1]
    if node.operatorName.type == "Gemm", node.inputs.count > 2, !node.inputs[2].isEmpty {
      bias = node.inputs[2]
      output = product
      return
    }
    // The bias may stand behind rearrangements, which onnxslim puts between product and addition.
    let moved = view.afterRearranging(product)
    if let index = view.soleConsumer(moved), view.nodes[index].operatorName.type == "Add",
      let other = view.nodes[index].inputs.first(where: { $0 != moved }), !view.isData(other),
      view.shape(other)?.elementCount == outputWidth, view.extents(other).last == outputWidth,
      view.extents(moved).last == outputWidth, let sum = view.nodes[index].outputs.first
    {
      bias = other
      output = sum
    } else {
      bias = nil
      output = product
    }
  }
}

extension LinearLayer {
  /// The linear layer that a convolution of one pixel is, [B, in, 1, 1] → [B, out, 1, 1], or nil where a node is none.
  init?(pixel node: Node, in view: GraphView) {
    guard node.operatorName.domain.isEmpty, node.operatorName.type == "Conv", node.inputs.count >= 2,
      view.isData(node.inputs[0]), !view.isData(node.inputs[1]), let result = node.outputs.first,
      case let (from, to, kernel) = (
        view.extents(node.inputs[0]), view.extents(result), view.extents(node.inputs[1])
      ), from.count == 4, to.count == 4, from[2...] == [1, 1], to[2...] == [1, 1],
      kernel == [to[1], from[1], 1, 1]
    else { return nil }
    self.node = node
    input = node.inputs[0]
    weight = node.inputs[1]
    bias = node.inputs.count > 2 && !node.inputs[2].isEmpty ? node.inputs[2] : nil
    output = result
    inputWidth = from[1]
    outputWidth = to[1]
    isTransposed = true
  }
}

extension GraphView {
  /// Whether a node multiplies data with a constant matrix or kernel.
  package func isWeighted(_ node: Node) -> Bool {
    guard node.operatorName.domain.isEmpty, node.inputs.count >= 2 else { return false }
    switch node.operatorName.type {
    case "MatMul", "Gemm", "Einsum":
      return node.inputs.prefix(2).contains { !isData($0) && (shape($0)?.rank ?? 0) >= 2 }
    case "Conv", "ConvTranspose": return !isData(node.inputs[1])
    default: return false
    }
  }
}
