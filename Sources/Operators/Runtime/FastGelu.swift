import Graphs

/// FastGelu (com.microsoft 1): Gelu(X + bias), approximated by a hyperbolic tangent.
///
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.FastGelu.
struct FastGelu: Expandable {
  static let schema = OperatorSchema(
    "FastGelu", domain: "com.microsoft", versions: 1..., inputs: ["X", "bias?"], outputs: ["Y"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    var body = ExpansionBody(of: site)
    var operand = site.node.inputs[0]
    if let bias = site.input(1) { operand = body.emit("Add", [operand, bias], as: "sum", naming: &names) }
    try body.deliverGelu(of: operand, isTanh: true, naming: &names)
    return body.nodes
  }
}
