import Graphs
package import Operators
package import Tensors

/// Reverse-mode differentiation: extends a graph by the nodes that compute gradients.
///
/// Only active paths are differentiated: a node is visited when a seed depends on it and it depends on a value
/// to differentiate by. Nothing else is kept for, or computed in, the backward part. Every node of it has the label of the
/// forward node that it belongs to as its origin.
package enum Differentiation {
  /// Adds gradients of a sum of seeded values to the graph.
  ///
  /// - Parameters:
  ///   - seeds: value → name of the value that holds the gradient of the objective by it, of the same shape.
  ///   - variables: values to differentiate by: graph inputs, variables, or inner values.
  /// - Returns: name of the gradient per entry of `variables`; nil where the objective does not depend on it.
  package static func extend(
    _ builder: inout GradientBuilder, seeds: [(value: String, gradient: String)], by variables: [String]
  ) throws(DifferentiationError) -> [String?] {
    let nodes = builder.graph.nodes
    let active = dependents(of: variables, nodes)
    var contributions: [String: [String]] = [:]
    for seed in seeds { contributions[seed.value, default: []].append(seed.gradient) }
    let barriers = Set(variables)
    let outer = builder.origin
    defer { builder.origin = outer }
    var result: [String: String] = [:]
    var missing: [DifferentiationError.Missing] = []

    for node in nodes.reversed() where node.outputs.contains(where: { active.contains($0) }) {
      builder.origin = LoweredNode.Origin(label: node.origin?.label ?? node.label, phase: .backward)
      do {
        var gradients: [String?] = []
        for output in node.outputs {
          let total = try accumulate(contributions[output] ?? [], &builder)
          gradients.append(total)
          if let total, barriers.contains(output) { result[output] = total }
          contributions[output] = total.map { [$0] }
        }
        guard gradients.contains(where: { $0 != nil }) else { continue }
        let needs = node.inputs.map { input in
          !input.isEmpty && active.contains(input) && builder.type(input).elementType.isFloatingPoint
        }
        guard needs.contains(true) else { continue }
        let site = PullbackSite(node: node, outputGradients: gradients, needs: needs)
        let inputGradients = try node.operation.pullback(site, into: &builder)
        for (index, gradient) in inputGradients.enumerated() where site.needs(index) {
          guard let gradient else { continue }
          contributions[node.inputs[index], default: []].append(gradient)
        }
      } catch {
        guard error.code == .notDifferentiable || error.code == .unsupported else {
          throw .node(label: node.label, operatorName: node.operatorName.description, error)
        }
        missing.append(
          .init(name: node.operatorName.description, node: node.label, reason: error.message))
        // Nothing is built any more; a value of the right type lets the walk find what else is missing.
        for input in node.inputs where active.contains(input) {
          contributions[input, default: []].append(input)
        }
      }
    }
    guard missing.isEmpty else { throw .notDifferentiable(missing) }
    var gradients: [String?] = []
    for variable in variables {
      if let found = result[variable] {
        gradients.append(found)
        continue
      }
      builder.origin = LoweredNode.Origin(label: variable, phase: .backward)
      do { gradients.append(try accumulate(contributions[variable] ?? [], &builder)) } catch {
        throw .node(label: variable, operatorName: "Add", error)
      }
    }
    return gradients
  }

  /// Values that depend on one of the given values, these included.
  package static func dependents(of values: [String], _ nodes: [LoweredNode]) -> Set<String> {
    var dependents = Set(values)
    for node in nodes where node.inputs.contains(where: { dependents.contains($0) }) {
      dependents.formUnion(node.outputs.filter { !$0.isEmpty })
    }
    return dependents
  }

  /// The sum of contributions in the order in which they were made.
  private static func accumulate(_ gradients: [String], _ builder: inout GradientBuilder)
    throws(OperatorError) -> String?
  {
    guard var total = gradients.first else { return nil }
    for next in gradients.dropFirst() { total = try builder.emit(Add(), [total, next]) }
    return total
  }
}

/// Why gradients can't be had.
package enum DifferentiationError: Error, Sendable {
  /// A node on an active path that has no gradient.
  package struct Missing: Sendable {
    /// Operator.
    package let name: String
    /// The node's label.
    package let node: String
    /// What is refused.
    package let reason: String
  }
  /// Every node on an active path that has no gradient, at once.
  case notDifferentiable([Missing])
  /// A gradient could not be built.
  case node(label: String, operatorName: String, OperatorError)
}

extension DifferentiationError: ReportableError {
  package var failureCode: FailureCode {
    switch self {
    case .notDifferentiable: .unsupported
    case .node(_, _, let error): error.failureCode
    }
  }
  package var message: String {
    switch self {
    case .notDifferentiable(let missing):
      missing.count == 1 ? missing[0].reason : "\(missing.count) nodes have no gradient"
    case .node(let label, let name, let error): "gradient of node '\(label)' (\(name)): \(error.message)"
    }
  }
  package var node: String? {
    switch self {
    case .notDifferentiable(let missing): missing.first?.node
    case .node(let label, _, _): label
    }
  }
  package var unsupported: [String] {
    guard case .notDifferentiable(let missing) = self else { return [] }
    return missing.map { "\($0.name) backward: \($0.reason), in '\($0.node)'" }
  }
}
