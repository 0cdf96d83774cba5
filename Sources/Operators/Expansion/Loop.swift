import Graphs
import Tensors

/// Loop (ai.onnx 11…): the nodes of its body, once per iteration, where trip count and conditions are known before the model
/// runs.
///
/// A node stands for one iteration and the loop over the others, until the count is reached or a condition is false. What an
/// iteration delivers for a scan is put behind what those before delivered. Sequences are refused with the operators that make
/// them. Source: onnx/docs/Operators.md#Loop.
struct Loop: Expandable {
  static let schema = OperatorSchema(
    "Loop", versions: 11..., inputs: ["M?", "cond?", "v_initial..."], outputs: ["v_final_and_scan_outputs..."]
  )

  /// Says of the rest of a loop how many iterations are in front of it; no file has it.
  private static let iteration = "dka.iteration"
  /// Iterations that a loop may stand for: each is as many nodes as the body has.
  private static let iterationLimit = 1 << 10

  private let isOpen: Bool
  private let inputCount: Int
  private let done: Int

  init(reading node: AttributeReader) throws(OperatorError) {
    node.knows("body")
    done = try node.int(Self.iteration, default: 0)
    inputCount = node.node.inputs.count
    guard case .graph(let body)? = node.node.attribute("body") else {
      throw .invalid("lacks attribute 'body'")
    }
    // A condition that the body only passes on is known with the loop's own.
    let made = Set(body.nodes.filter { $0.operatorName != OperatorName("Identity") }.flatMap(\.outputs))
    isOpen = body.outputs.first.map { made.contains($0.name) } ?? false
  }

  var decidingInputs: [Int] { isOpen ? Array(0..<inputCount) : [0, 1] }

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    let node = site.node
    guard case .graph(let stored)? = node.attribute("body") else { throw .invalid("lacks attribute 'body'") }
    let body: Graph
    do { body = try stored.sorted() } catch { throw .invalid("body: \(error.message)") }
    let carried = body.inputs.count - 2
    let scans = body.outputs.count - 1 - carried
    // Behind the carried values stand those that were scanned so far.
    guard carried >= 0, scans >= 0, node.outputs.count <= carried + scans, node.inputs.count >= 2 + carried,
      node.inputs.count == 2 + carried + (done > 0 ? scans : 0)
    else {
      throw .invalid(
        "has \(node.inputs.count) inputs and \(node.outputs.count) outputs, its body \(body.inputs.count) and "
          + "\(body.outputs.count)")
    }
    guard body.sparseInitializers.isEmpty else {
      throw .unsupported("body has sparse initializers, which are not computed with")
    }
    guard try goesOn(site) else { return try last(site, body, carried: carried, naming: &names) }
    guard done < Self.iterationLimit else {
      throw .unsupported("runs more than \(Self.iterationLimit) times, which is the limit")
    }
    return try iteration(site, body, carried: carried, naming: &names)
  }

  /// Whether another iteration follows.
  private func goesOn(_ site: ExpansionSite) throws(OperatorError) -> Bool {
    let operands = site.node.inputs
    var known: [Int] = []
    for (index, what) in [(0, "trip count"), (1, "condition")] {
      guard !operands[index].isEmpty else {
        known.append(index == 0 ? .max : 1)
        continue
      }
      guard let value = site.inputs.known(index)?.integers?.first else {
        throw .unsupported("its \(what) '\(operands[index])' is not known before the model runs")
      }
      known.append(value)
    }
    return done < known[0] && known[1] != 0
  }

  /// The nodes of the body, and the loop over the iterations behind it.
  private func iteration(
    _ site: ExpansionSite, _ body: Graph, carried: Int, naming names: inout ExpansionNames
  ) throws(OperatorError) -> [Node] {
    let node = site.node
    var inner = BodyNames(node)
    for captured in body.capturedNames { inner[captured] = captured }
    var nodes: [Node] = []
    func constant(_ name: String, _ tensor: TensorConstant) {
      nodes.append(
        Node(
          "Constant", name: names.node(name, in: node), inputs: [], outputs: [name],
          attributes: [Attribute("value", .tensor(tensor))]))
    }
    let number = names.value("iteration", in: node)
    constant(number, try Self.tensor { () throws(StorageError) in try Tensor(scalar: Int64(done)) })
    inner[body.inputs[0].name] = number
    var condition = node.inputs[1]
    if condition.isEmpty {
      condition = names.value("condition", in: node)
      constant(condition, try Self.tensor { () throws(StorageError) in try Tensor(scalar: true) })
    }
    inner[body.inputs[1].name] = condition
    for (input, value) in zip(body.inputs[2...], node.inputs[2...]) { inner[input.name] = value }
    let stored = body.initializers.map { initializer in
      var value = initializer
      value.name = ""
      return Node(
        OperatorName("Constant"), name: initializer.name, inputs: [], outputs: [initializer.name],
        attributes: [Attribute("value", .tensor(value))])
    }
    inner.add(stored + body.nodes, naming: &names)
    nodes += (stored + body.nodes).map { inner.renamed($0, naming: &names) }

    var results = body.outputs.map { inner[$0.name] ?? $0.name }
    let old = site.operatorSet < 13
    for index in (1 + carried)..<results.count {
      var inputs = [results[index]]
      if !old {
        let axes = names.value("axes", in: node)
        constant(axes, try Self.tensor { () throws(StorageError) in try Tensor([Int64(0)]) })
        inputs.append(axes)
      }
      let row = names.value("row", in: node)
      nodes.append(
        Node(
          "Unsqueeze", name: names.node("Unsqueeze", in: node), inputs: inputs, outputs: [row],
          attributes: old ? [Attribute("axes", [0])] : []))
      results[index] = row
      guard done > 0 else { continue }
      let rows = names.value("rows", in: node)
      nodes.append(
        Node(
          "Concat", name: names.node("Concat", in: node), inputs: [node.inputs[1 + index], row],
          outputs: [rows],
          attributes: [Attribute("axis", 0)]))
      results[index] = rows
    }
    var rest = node
    rest.inputs = [node.inputs[0]] + results
    rest.attributes =
      node.attributes.filter { $0.name != Self.iteration } + [Attribute(Self.iteration, done + 1)]
    return nodes + [rest]
  }

  /// What the loop delivers once nothing follows.
  private func last(
    _ site: ExpansionSite, _ body: Graph, carried: Int, naming names: inout ExpansionNames
  ) throws(OperatorError) -> [Node] {
    var nodes: [Node] = []
    for (index, output) in site.node.outputs.enumerated() where !output.isEmpty {
      if 2 + index < site.node.inputs.count {
        nodes.append(
          Node(
            "Identity", name: names.node("Identity", in: site.node), inputs: [site.node.inputs[2 + index]],
            outputs: [output]))
        continue
      }
      guard case .tensor(let number, let dimensions?)? = body.outputs[1 + index].type?.kind,
        let type = ElementType(rawValue: number)
      else {
        throw .unsupported("runs not once, and its body does not say what '\(output)' would hold")
      }
      let extents = dimensions.map { if case .value(let extent) = $0.extent { Int(extent) } else { 0 } }
      guard let shape = Shape(checking: [0] + extents) else {
        throw .invalid("body declares the impossible shape \(extents)")
      }
      let empty = try Self.tensor { () throws(StorageError) in try Tensor(zeros: shape, of: type) }
      nodes.append(
        Node(
          "Constant", name: names.node("Constant", in: site.node), inputs: [], outputs: [output],
          attributes: [Attribute("value", .tensor(empty))]))
    }
    return nodes
  }

  private static func tensor(_ make: () throws(StorageError) -> Tensor) throws(OperatorError)
    -> TensorConstant
  {
    do throws(StorageError) { return TensorConstant(name: "", try make()) } catch {
      throw OperatorError(.outOfMemory, "no memory for a constant")
    }
  }
}
