import Graphs
import Tensors

/// FusedMatMul (com.microsoft 1): a scaled product of stacks of matrices, either of which may be read as its transpose.
///
///     Y = α · A′ · B′          A′ = A, or A with its last two axes swapped; B′ likewise
///
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.FusedMatMul.
struct FusedMatMul: Expandable {
  static let schema = OperatorSchema(
    "FusedMatMul", domain: "com.microsoft", versions: 1..., inputs: ["A", "B"], outputs: ["Y"])

  let alpha: Float
  let transposes: [Bool]

  init(reading node: AttributeReader) throws(OperatorError) {
    alpha = try node.float("alpha", default: 1)
    transposes = [try node.flag("transA", default: false), try node.flag("transB", default: false)]
    for name in ["transBatchA", "transBatchB"] { try node.require(name, is: 0) }
  }

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    var body = ExpansionBody(of: site)
    var operands = site.node.inputs
    for index in operands.indices where transposes[index] {
      let rank = site.inputs[index].shape.rank
      // A vector is its own transpose.
      guard rank > 1 else { continue }
      let axes = Array(0..<rank - 2) + [rank - 1, rank - 2]
      operands[index] = body.emit(
        "Transpose", [operands[index]], [Attribute("perm", axes)], as: "transposed", naming: &names)
    }
    guard alpha != 1 else {
      body.deliver("MatMul", operands)
      return body.nodes
    }
    let product = body.emit("MatMul", operands, as: "product", naming: &names)
    body.deliver("Mul", [product, try body.number(Double(alpha), as: "alpha", naming: &names)])
    return body.nodes
  }
}
