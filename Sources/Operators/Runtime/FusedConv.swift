import Graphs

/// FusedConv (com.microsoft 1): a convolution, the value that is added to it, and an activation.
///
///     Y = activation(Conv(X, W, B) + Z)
///
/// In a residual network the sum with Z is that of the residual stream.
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.FusedConv.
struct FusedConv: Expandable {
  static let schema = OperatorSchema(
    "FusedConv", domain: "com.microsoft", versions: 1..., inputs: ["X", "W", "B?", "Z?"], outputs: ["Y"])

  let activation: FusedActivation?

  init(reading node: AttributeReader) throws(OperatorError) {
    // Conv reads them where it stands for this node.
    node.knows("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
    let type = try node.text("activation", default: "")
    let parameters = try node.optionalFloats("activation_params") ?? []
    activation = type.isEmpty ? nil : try FusedActivation(type, parameters)
  }

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    var body = ExpansionBody(of: site)
    let operands = Array(site.node.inputs.prefix(site.input(2) == nil ? 2 : 3))
    let attributes = site.node.attributes.filter { !$0.name.hasPrefix("activation") }
    let addend = site.input(3)
    guard activation != nil || addend != nil else {
      body.deliver("Conv", operands, attributes)
      return body.nodes
    }
    var value = body.emit("Conv", operands, attributes, as: "convolved", naming: &names)
    if let addend {
      guard activation != nil else {
        body.deliver("Add", [value, addend])
        return body.nodes
      }
      value = body.emit("Add", [value, addend], as: "sum", naming: &names)
    }
    try activation?.deliver(of: value, in: &body, naming: &names)
    return body.nodes
  }
}
