import Graphs

/// BiasGelu (com.microsoft 1): Gelu(A + B), the exact one.
///
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.BiasGelu.
struct BiasGelu: Expandable {
  static let schema = OperatorSchema(
    "BiasGelu", domain: "com.microsoft", versions: 1..., inputs: ["A", "B"], outputs: ["C"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    var body = ExpansionBody(of: site)
    let sum = body.emit("Add", site.node.inputs, as: "sum", naming: &names)
    try body.deliverGelu(of: sum, naming: &names)
    return body.nodes
  }
}
