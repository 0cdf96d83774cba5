import Graphs
import Tensors

/// BiasGelu (com.microsoft 1): Gelu(A + B), the exact one.
///
/// Below operator set 20 it stands for what exporters write there: s · (1 + erf(s / √2)) · ½ with s = A + B.
/// Source: onnxruntime/docs/ContribOperators.md#com.microsoft.BiasGelu.
struct BiasGelu: Expandable {
  static let schema = OperatorSchema(
    "BiasGelu", domain: "com.microsoft", versions: 1..., inputs: ["A", "B"], outputs: ["C"])

  init(reading node: AttributeReader) throws(OperatorError) {}

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    let node = site.node
    let sum = names.value("sum", in: node)
    let add = Node("Add", name: names.node("Add", in: node), inputs: node.inputs, outputs: [sum])
    guard site.operatorSet < 20 else {
      return [add, Node("Gelu", name: node.name, inputs: [sum], outputs: node.outputs)]
    }
    let type = site.inputs[0].elementType
    var nodes = [add]
    func constant(_ name: String, _ value: Double) throws(OperatorError) -> String {
      let result = names.value(name, in: node)
      let tensor: Tensor
      do { tensor = try type == .float64 ? Tensor(scalar: value) : Tensor(scalar: Float(value)) } catch {
        throw OperatorError(.outOfMemory, "no memory for a number")
      }
      nodes.append(
        Node(
          "Constant", name: names.node("Constant", in: node), inputs: [], outputs: [result],
          attributes: [Attribute("value", .tensor(TensorConstant(name: "", tensor)))]))
      return result
    }
    func emit(_ type: String, _ inputs: [String], _ name: String) -> String {
      let result = names.value(name, in: node)
      nodes.append(Node(type, name: names.node(type, in: node), inputs: inputs, outputs: [result]))
      return result
    }
    let scaled = emit("Div", [sum, try constant("root", 2.0.squareRoot())], "scaled")
    let factor = emit("Add", [emit("Erf", [scaled], "erf"), try constant("one", 1)], "factor")
    let product = emit("Mul", [sum, factor], "product")
    let half = try constant("half", 0.5)
    nodes.append(Node("Mul", name: node.name, inputs: [product, half], outputs: node.outputs))
    return nodes
  }
}
