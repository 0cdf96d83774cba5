import Graphs
import Tensors

/// If (ai.onnx 1…): the nodes of its branch, where the condition is known before the model runs.
///
/// Known are initializers, constants, and what follows from them, from shapes or from inputs whose values are bound.
/// Tensors of the branch become Constant nodes. Source: onnx/docs/Operators.md#If.
struct If: Expandable {
  static let schema = OperatorSchema("If", versions: 1..., inputs: ["cond"], outputs: ["outputs..."])

  init(reading node: AttributeReader) throws(OperatorError) {
    node.knows("then_branch", "else_branch")
  }

  var decidingInputs: [Int] { [0] }

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    let node = site.node
    guard site.inputs[0].elementType == .bool, site.inputs[0].shape.elementCount == 1 else {
      throw .invalid("its condition is \(site.inputs[0]), expected one bool")
    }
    guard let condition = site.inputs.constants[0]?.integers?.first else {
      throw .unsupported("its condition '\(node.inputs[0])' is not known before the model runs")
    }
    let name = condition != 0 ? "then_branch" : "else_branch"
    guard case .graph(let stored)? = node.attribute(name) else { throw .invalid("lacks attribute '\(name)'") }
    let branch: Graph
    do { branch = try stored.sorted() } catch { throw .invalid("\(name): \(error.message)") }
    guard branch.outputs.count == node.outputs.count, branch.requiredInputs.isEmpty else {
      throw .invalid(
        "\(name) has \(branch.requiredInputs.count) inputs and \(branch.outputs.count) outputs, "
          + "expected none and \(node.outputs.count)")
    }
    guard branch.sparseInitializers.isEmpty else {
      throw .unsupported("\(name) has sparse initializers, which are not computed with")
    }
    let constants = branch.initializers.map { initializer in
      var value = initializer
      value.name = ""
      return Node(
        OperatorName("Constant"), name: initializer.name, inputs: [], outputs: [initializer.name],
        attributes: [Attribute("value", .tensor(value))])
    }
    let nodes = constants + branch.nodes
    var body = BodyNames(node)
    // What the branch captures keeps its name, and is copied where it is delivered as it is.
    for captured in branch.capturedNames { body[captured] = captured }
    let copies = body.deliver(branch.outputs.map(\.name), as: node.outputs, naming: &names)
    body.add(nodes, naming: &names)
    return nodes.map { body.renamed($0, naming: &names) } + copies
  }
}
