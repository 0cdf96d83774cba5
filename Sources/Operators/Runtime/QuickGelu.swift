import Graphs

/// QuickGelu (com.microsoft 1): x · sigmoid(α · x).
///
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.QuickGelu.
struct QuickGelu: Expandable {
  static let schema = OperatorSchema(
    "QuickGelu", domain: "com.microsoft", versions: 1..., inputs: ["X"], outputs: ["Y"])

  let alpha: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    alpha = try node.float("alpha", default: 1.702)
  }

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    var body = ExpansionBody(of: site)
    let x = site.node.inputs[0]
    var scaled = x
    if alpha != 1 {
      let factor = try body.number(Double(alpha), as: "alpha", naming: &names)
      scaled = body.emit("Mul", [x, factor], as: "scaled", naming: &names)
    }
    let gate = body.emit("Sigmoid", [scaled], as: "gate", naming: &names)
    body.deliver("Mul", [x, gate])
    return body.nodes
  }
}
