import Graphs

/// FusedGemm (com.microsoft 1): Gemm and an activation.
///
///     Y = activation(α · A′ · B′ + β · C)
///
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.FusedGemm.
struct FusedGemm: Expandable {
  static let schema = OperatorSchema(
    "FusedGemm", domain: "com.microsoft", versions: 1..., inputs: ["A", "B", "C?"], outputs: ["Y"])

  let activation: FusedActivation

  init(reading node: AttributeReader) throws(OperatorError) {
    // Gemm reads them where it stands for this node.
    node.knows("alpha", "beta", "transA", "transB")
    var parameters: [Float] = []
    for name in ["activation_alpha", "activation_beta", "activation_gamma"] {
      if let value = try node.optionalFloat(name) { parameters.append(value) }
    }
    activation = try FusedActivation(try node.text("activation", default: ""), parameters)
  }

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    var body = ExpansionBody(of: site)
    let attributes = site.node.attributes.filter { !$0.name.hasPrefix("activation") }
    let value = body.emit("Gemm", site.node.inputs, attributes, as: "product", naming: &names)
    try activation.deliver(of: value, in: &body, naming: &names)
    return body.nodes
  }
}
