import Graphs

/// Gelu (com.microsoft 1): the exact one, in files of operator sets that have no Gelu of their own.
///
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.Gelu.
struct RuntimeGelu: Expandable {
  static let schema = OperatorSchema(
    "Gelu", domain: "com.microsoft", versions: 1..., inputs: ["X"], outputs: ["Y"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    var body = ExpansionBody(of: site)
    try body.deliverGelu(of: site.node.inputs[0], naming: &names)
    return body.nodes
  }
}
