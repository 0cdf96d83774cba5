/// How the functions of a model call one another: whether a call ever returns, and how many nodes all calls stand for.
///
/// Whoever executes or checks functions puts their bodies in the place of calls. With recursion that never ends; with
/// functions that call the next one twice it takes 2ⁿ nodes.
struct FunctionCalls {
  /// How many nodes a graph or function may stand for once every call is replaced by its body.
  static let nodeLimit = 1_000_000
  /// How deep calls may be nested.
  static let depthLimit = 64

  private struct Call {
    let function: Int
    var count: Int
    /// A node that calls, for messages.
    let node: String
  }

  private let model: ModelDescription
  private var functions: [OperatorName: Int] = [:]
  private(set) var problems: [GraphError] = []

  init(_ model: ModelDescription) {
    self.model = model
    for (index, function) in model.functions.enumerated() {
      let name = key(function.operatorName)
      if functions[name] == nil {
        functions[name] = index
      } else {
        problems.append(GraphError("function '\(name)' is there twice", node: name.description))
      }
    }
    guard !functions.isEmpty else { return }
    let calls = model.functions.map { self.calls(in: $0.nodes) }
    let order: [Int]
    do { order = try sorted(calls) } catch {
      problems.append(error)
      return
    }
    var sizes = [Int](repeating: 0, count: calls.count)
    var depths = sizes
    for index in order {
      let name = "function '\(key(model.functions[index].operatorName))'"
      (sizes[index], depths[index]) = checked(model.functions[index].nodes, calls[index], sizes, depths, name)
    }
    _ = checked(model.graph.nodes, self.calls(in: model.graph.nodes), sizes, depths, "the main graph")
  }

  /// The name by which functions are told apart; overloads came with IR 10.
  private func key(_ name: OperatorName) -> OperatorName {
    model.irVersion < 10 ? OperatorName(name.type, domain: name.domain) : name
  }

  /// Which functions some nodes call, with how often; calls in their subgraphs count.
  private func calls(in nodes: [Node]) -> [Call] {
    var calls: [Call] = []
    var positions: [Int: Int] = [:]
    func add(_ nodes: [Node]) {
      for node in nodes {
        node.subgraphs.forEach { add($0.nodes) }
        guard let function = functions[key(node.operatorName)] else { continue }
        if let position = positions[function] {
          calls[position].count += 1
        } else {
          positions[function] = calls.count
          calls.append(Call(function: function, count: 1, node: node.label))
        }
      }
    }
    add(nodes)
    return calls
  }

  /// The functions so that each comes after those it calls.
  private func sorted(_ calls: [[Call]]) throws(GraphError) -> [Int] {
    var order: [Int] = []
    var isDone = [Bool](repeating: false, count: calls.count)
    var isOpen = isDone
    for root in calls.indices where !isDone[root] {
      // A stack of our own, as in `topologicalOrder()`.
      var path: [(function: Int, next: Int)] = [(root, 0)]
      isOpen[root] = true
      while let (function, next) = path.last {
        guard next < calls[function].count else {
          path.removeLast()
          isOpen[function] = false
          isDone[function] = true
          order.append(function)
          continue
        }
        path[path.count - 1].next += 1
        let call = calls[function][next]
        if isDone[call.function] { continue }
        guard !isOpen[call.function] else { throw recursion(path.map(\.function), closedBy: call) }
        isOpen[call.function] = true
        path.append((call.function, 0))
      }
    }
    return order
  }

  private func recursion(_ path: [Int], closedBy call: Call) -> GraphError {
    let start = path.firstIndex(of: call.function) ?? 0
    let names = (path[start...] + [call.function]).map { "'\(key(model.functions[$0].operatorName))'" }
    let shown = names.count > 8 ? Array(names.prefix(7)) + ["… \(names.count - 7) more"] : names
    return GraphError(
      "function \(names[0]) calls itself: \(shown.joined(separator: " → "))", node: call.node,
      hint: "a function must not call itself, directly or through others")
  }

  /// Number of nodes, those of subgraphs included.
  private static func count(_ nodes: [Node]) -> Int {
    nodes.reduce(nodes.count) { $1.subgraphs.reduce($0) { $0 + count($1.nodes) } }
  }

  /// How many nodes some nodes and their calls stand for and how deep the calls are, both noted where they are too many.
  private mutating func checked(
    _ nodes: [Node], _ calls: [Call], _ sizes: [Int], _ depths: [Int], _ name: String
  ) -> (size: Int, depth: Int) {
    var (size, depth) = (Self.count(nodes), 0)
    var isTooLarge = false
    for call in calls {
      let (product, overflow) = call.count.multipliedReportingOverflow(by: sizes[call.function])
      size = overflow ? .max : min(Int.max - product, size) + product
      depth = max(depth, depths[call.function] + 1)
      // Reported once, for the innermost function, not for all that call it.
      isTooLarge =
        isTooLarge || sizes[call.function] > Self.nodeLimit || depths[call.function] > Self.depthLimit
    }
    guard !isTooLarge else { return (size, depth) }
    let node = calls.first?.node
    if size > Self.nodeLimit {
      problems.append(
        GraphError(
          "\(name) stands for more than \(Self.nodeLimit) nodes once functions are put in the place of calls, which is the limit",
          node: node))
    }
    if depth > Self.depthLimit {
      problems.append(
        GraphError(
          "\(name) calls functions nested more than \(Self.depthLimit) deep, which is the limit", node: node))
    }
    return (size, depth)
  }
}

extension ModelDescription {
  /// What keeps the calls of the model's functions from being replaced by their bodies: recursion, and too many nodes.
  package var functionProblems: [GraphError] { FunctionCalls(self).problems }
}
