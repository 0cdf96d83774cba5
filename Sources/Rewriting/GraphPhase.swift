import Graphs
package import Operators
import Tensors

/// How far a lowered graph has come on its way to a plan, and what it may therefore hold.
package enum GraphPhase: Sendable {
  /// As lowering made it: the operators of the file.
  case lowered
  /// From the first early rule on: fused operators that bring their own gradients.
  case early
  /// From differentiation on, late rules included: gradients, updates and what only training computes.
  case late

  /// Our own domains whose operators may stand in the graph.
  fileprivate var domains: Set<String> {
    switch self {
    case .lowered: []
    case .early: ["dka.fused"]
    case .late: ["dka.fused", "dka.gradient", "dka.training"]
    }
  }
}

extension LoweredGraph {
  /// What is wrong with the graph in a phase, a line each; empty where every promise holds.
  ///
  /// Nodes stand behind those whose values they read, each value is made once and has the type that its operator infers,
  /// everything delivered or kept is made, and no operator is there before its phase. Rules rely on it and must keep it; tests ask
  /// after each of them.
  package func problems(in phase: GraphPhase) -> [String] {
    var problems: [String] = []
    var known = Set(inputs).union(constants.keys).union(variables.keys)
    for node in nodes {
      let domain = node.operatorName.domain
      if domain.hasPrefix("dka."), !phase.domains.contains(domain) {
        problems.append("'\(node.label)' (\(node.operatorName)) has no place in phase \(phase)")
      }
      for input in node.inputs where !input.isEmpty && !known.contains(input) {
        problems.append("'\(node.label)' reads '\(input)', which nothing before it makes")
      }
      for output in node.outputs where !output.isEmpty && !known.insert(output).inserted {
        problems.append("'\(node.label)' makes '\(output)', which exists already")
      }
      problems += mistypedResults(of: node)
    }
    let kept = outputs + updates.flatMap { [$0.variable, $0.value] }
    problems += kept.filter { !known.contains($0) }.map {
      "'\($0)' is delivered or kept, and nothing makes it"
    }
    problems += (inputs + kept).filter { types[$0] == nil }.map { "'\($0)' has no type" }
    return problems
  }

  private func mistypedResults(of node: LoweredNode) -> [String] {
    let untyped = node.inputs.filter { !$0.isEmpty && types[$0] == nil }
    guard untyped.isEmpty else { return untyped.map { "'\($0)' has no type" } }
    do {
      let inferred = try node.operation.inferTypes(inputTypes(of: node))
      return zip(node.outputs, inferred).compactMap { output, type in
        output.isEmpty || types[output] == type
          ? nil
          : "'\(output)' is \(types[output].map(\.description) ?? "untyped"), its operator makes \(type)"
      }
    } catch { return ["'\(node.label)' has no types: \(error.message)"] }
  }
}
