import Graphs

/// SkipLayerNormalization (com.microsoft 1): LayerNormalization over the last axis of a sum, which it delivers too.
///
///     sum = input + skip (+ bias)        output = LayerNormalization(sum, gamma, beta)
///
/// The bias belongs to the operand that a MatMul makes, else to the first: the sum is then the Add of a residual stream, as
/// it was before ONNX Runtime's optimiser fused it. Below operator set 17 LayerNormalization is ONNX Runtime's own.
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.SkipLayerNormalization.
struct SkipLayerNormalization: Expandable {
  static let schema = OperatorSchema(
    "SkipLayerNormalization", domain: "com.microsoft", versions: 1...,
    inputs: ["input", "skip", "gamma", "beta?", "bias?"],
    outputs: ["output", "mean?", "inv_std_var?", "input_skip_bias_sum?"])

  let epsilon: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    epsilon = try node.float("epsilon", default: 1e-12)
  }

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    let node = site.node
    var operands = Array(node.inputs[..<2])
    var nodes: [Node] = []
    func add(_ inputs: [String], _ result: String) {
      nodes.append(Node("Add", name: names.node("Add", in: node), inputs: inputs, outputs: [result]))
    }
    if let bias = site.input(4) {
      let biased = site.isMade(1, by: "MatMul") && !site.isMade(0, by: "MatMul") ? 1 : 0
      let result = names.value("biased", in: node)
      add([operands[biased], bias], result)
      operands[biased] = result
    }
    let sum = site.output(3) ?? names.value("sum", in: node)
    add(operands, sum)
    var outputs = Array(node.outputs.prefix(3))
    while outputs.last == "" { outputs.removeLast() }
    let weights = [node.inputs[2]] + (site.input(3).map { [$0] } ?? [])
    nodes.append(
      Node(
        "LayerNormalization", name: node.name, inputs: [sum] + weights,
        outputs: outputs, attributes: [Attribute("epsilon", epsilon)]))
    return nodes
  }
}
