import Graphs
package import Operators
import Tensors

/// Checks an operator's pullback against central differences in Float64, and in Float32 against Float64.
///
/// With weights w of the results and a random direction v of one operand,
///
///     Σ dx · v  ≈  (f(x + h v) − f(x − h v)) / 2h        f(x) = Σ w · y(x),  h = 1e-6
///
/// Every decomposable node that the pullback emits is compared with its decomposition.
package struct GradientCheck {
  /// Operators to use.
  package var registry: OperatorRegistry
  private let step = 1e-6

  /// A check with the given operators.
  package init(registry: OperatorRegistry = .standard) { self.registry = registry }

  /// Checks the gradient of a case, as far as it asks for it.
  package func check(_ original: OperatorCase) throws {
    let testCase: OperatorCase
    switch original.gradient {
    case .none: return
    case .check: testCase = original
    case .kinkAware(let kinks): testCase = original.movedAway(from: kinks, by: 0.1)
    }
    let needs = differentiable(testCase, try testCase.graph(.float64, registry: registry))
    guard needs.contains(true) else { return }
    let exact = try gradients(of: testCase, in: .float64)
    try checkDifferences(testCase, exact)
    let rounded = try gradients(of: testCase, in: .float32)
    for (index, pair) in zip(rounded, exact).enumerated() {
      guard let found = pair.0, let wanted = pair.1 else { continue }
      guard found.elementType == .float32, wanted.elementType == .float64, found.shape == wanted.shape else {
        throw CheckFailure("the gradient of input \(index) has the wrong type in one of both precisions")
      }
      try expectClose(
        found.widened, wanted.widened, testCase.gradientTolerance, "Float32 gradient of input \(index)")
    }
  }

  /// Positions of the operands that have a gradient.
  private func differentiable(_ testCase: OperatorCase, _ graph: LoweredGraph) -> [Bool] {
    testCase.inputs.enumerated().map { index, input in
      input?.type == .float32 && graph.constants[OperatorCase.inputName(index)] == nil
        && !testCase.frozenOperands.contains(index)
    }
  }

  /// Nodes that the pullback of a case emits.
  package func emittedNodes(of testCase: OperatorCase) throws -> [LoweredNode] {
    if case .none = testCase.gradient { return [] }
    let graph = try testCase.graph(.float64, registry: registry)
    guard differentiable(testCase, graph).contains(true) else { return [] }
    return Array(try gradientGraph(of: testCase, in: .float64).graph.nodes.dropFirst(graph.nodes.count))
  }

  /// The case's graph with its pullback, and the name of the gradient per operand, nil where there is none.
  private func gradientGraph(of testCase: OperatorCase, in type: ElementType) throws -> (
    graph: LoweredGraph, gradients: [String?]
  ) {
    let graph = try testCase.graph(type, registry: registry)
    let needs = differentiable(testCase, graph)
    var builder = GradientBuilder(extending: graph, prefix: "gradient/")
    var seeds: [String?] = graph.outputs.map { _ in nil }
    for index in testCase.gradientOutputs {
      builder.addInput(seedName(index), type: graph.type(graph.outputs[index]))
      seeds[index] = seedName(index)
    }
    let node = graph.nodes[0]
    // An older form may have its operands elsewhere.
    let places = needs.indices.map { node.inputs.firstIndex(of: OperatorCase.inputName($0)) }
    let site = PullbackSite(
      node: node, outputGradients: seeds,
      needs: node.inputs.indices.map { place in places.firstIndex(of: place).map { needs[$0] } ?? false })
    let names = try node.operation.pullback(site, into: &builder)
    var gradients = [String?](repeating: nil, count: needs.count)
    for (index, needed) in needs.enumerated() where needed {
      guard let place = places[index], place < names.count, let name = names[place] else {
        throw CheckFailure("input \(index) gets no gradient")
      }
      let expected = graph.type(node.inputs[place])
      guard builder.type(name) == expected else {
        throw CheckFailure(
          "the gradient of input \(index) has type \(builder.type(name)), not \(expected)")
      }
      gradients[index] = name
    }
    return (builder.graph, gradients)
  }

  /// The pullback's gradient per operand, nil where there is none.
  private func gradients(of testCase: OperatorCase, in type: ElementType) throws -> [Tensor?] {
    let (graph, gradients) = try gradientGraph(of: testCase, in: type)
    var feeds = try testCase.feeds(type)
    for index in testCase.gradientOutputs {
      let shape = graph.type(OperatorCase.outputName(index)).shape
      feeds[seedName(index)] = try weights(shape, index).tensor(type)
    }
    let values = try Interpreter().values(of: graph, feeds)
    if type == .float64 { try DecompositionCheck(registry: registry).check(graph, values) }
    return gradients.map { $0.flatMap { values[$0] } }
  }

  private func seedName(_ index: Int) -> String { "seed\(index)" }

  private func weights(_ shape: Shape, _ index: Int) -> ReferenceTensor { .normal(shape, seed: 100 + index) }

  private func checkDifferences(_ testCase: OperatorCase, _ gradients: [Tensor?]) throws {
    let graph = try testCase.graph(.float64, registry: registry)
    let feeds = try testCase.feeds(.float64)
    func value(_ name: String, _ operand: ReferenceTensor) throws -> [Double] {
      var moved = feeds
      moved[name] = try operand.tensor(.float64)
      let results = try Interpreter().run(graph, moved)
      return testCase.gradientOutputs.flatMap { index in
        zip(results[index].widened, weights(results[index].shape, index).values).map { $0 * $1 }
      }
    }
    for (index, gradient) in gradients.enumerated() {
      guard let gradient, let operand = testCase.inputs[index] else { continue }
      let direction = ReferenceTensor.normal(operand.shape, seed: 200 + index)
      let name = OperatorCase.inputName(index)
      let ahead = try value(name, operand.zip(direction) { $0 + step * $1 })
      let behind = try value(name, operand.zip(direction) { $0 - step * $1 })
      // The difference is taken per result, before summing, where it loses fewer digits.
      let numeric = zip(ahead, behind).reduce(0) { $0 + ($1.0 - $1.1) } / (2 * step)
      let terms = zip(gradient.widened, direction.values).map { $0 * $1 }
      let analytic = terms.reduce(0, +)
      // Roundings of f are amplified by 1/h: 1e-16 · Σ|w y| / 1e-6, with room for ten of them.
      let magnitude = ahead.reduce(0) { $0 + abs($1) }
      let bound = 1e-6 * terms.reduce(0) { $0 + abs($1) } + 1e-9 * magnitude + 1e-9
      guard abs(numeric - analytic) <= bound else {
        throw CheckFailure(
          "along a direction of input \(index) the gradient gives \(analytic), differences give \(numeric)")
      }
    }
  }
}

extension OperatorCase {
  /// The case with floating-point elements moved to at least `distance` from the given points.
  fileprivate func movedAway(from kinks: [Double], by distance: Double) -> OperatorCase {
    let moved = inputs.map { input -> ReferenceTensor? in
      guard let input, input.type == .float32 else { return input }
      return input.map { value in
        guard let kink = kinks.first(where: { abs(value - $0) < distance }) else { return value }
        return Double(Float(kink + (value < kink ? -distance : distance)))
      }
    }
    return OperatorCase(
      name, operatorName, version: version, inputs: moved, attributes: attributes, outputCount: outputCount,
      tolerance: tolerance, gradient: gradient, gradientOutputs: gradientOutputs,
      frozenOperands: frozenOperands, gradientTolerance: gradientTolerance, runsInFloat64: runsInFloat64,
      reference: reference)
  }
}
