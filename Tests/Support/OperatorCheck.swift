import Graphs
import Kernels
package import Operators
import Tensors

/// Runs an operator case and throws at the first claim that does not hold.
package struct OperatorCheck {
  /// Operators to use.
  package var registry = OperatorRegistry.standard

  /// A check with the standard operators.
  package init(registry: OperatorRegistry = .standard) { self.registry = registry }

  /// Results against the reference, then 4 threads, memory reuse and views against the same results bit by bit.
  package func checkValues(_ testCase: OperatorCase) throws {
    let expected = testCase.reference(testCase.inputs.map { $0 ?? .of([]) })
    for type in testCase.floatingPointTypes {
      let graph = try testCase.graph(type, registry: registry)
      let feeds = try testCase.feeds(type)
      let results = try Interpreter().run(graph, feeds)
      guard expected.count == results.count else {
        throw CheckFailure("the reference gives \(expected.count) results, asked for \(results.count)")
      }
      for (index, (result, reference)) in zip(results, expected).enumerated() {
        try expectClose(
          result, reference, testCase.tolerance, "\(type.name) output \(index)", floatingPoint: type)
      }
      let plain = try Interpreter(level: .portable).run(graph, feeds)
      for (index, (result, reference)) in zip(plain, expected).enumerated() {
        try expectClose(
          result, reference, testCase.tolerance, "portable \(type.name) output \(index)", floatingPoint: type)
      }
      let parallel = try Interpreter(threads: 4).run(graph, feeds)
      for (index, (one, four)) in zip(results, parallel).enumerated() where !one.isIdentical(to: four) {
        throw CheckFailure("output \(index) differs between 1 and 4 threads")
      }
      try checkReuse(graph, feeds, results)
      try checkViews(graph, feeds, results)
      try checkMaps(graph, feeds, results)
    }
  }

  /// Evaluates with result 0 in the memory of each operand that the operator offers for it.
  private func checkReuse(_ graph: LoweredGraph, _ feeds: [String: Tensor], _ expected: [Tensor]) throws {
    let node = graph.nodes[0]
    for reused in (node.operation as? any MemoryReusing)?.reusableInputs ?? [] {
      guard reused < node.inputs.count, let operand = feeds[node.inputs[reused]],
        operand.byteCount == expected[0].byteCount, operand.elementType == expected[0].elementType
      else { continue }
      let operands = try node.inputs.map { try (feeds[$0] ?? graph.constants[$0])?.copied() }
      var results = try expected.map { try Tensor(zeros: $0.shape, of: $0.elementType) }
      results[0] = operands[reused]?.reshaped(to: expected[0].shape) ?? results[0]
      let kernel = try node.bind(
        graph.inputTypes(of: node), results: node.outputs.map { graph.type($0) }, .testing)
      let scratch = try Tensor(zeros: Shape([kernel.scratchByteCount]), of: .uint8)
      try kernel.run(
        Operands(
          inputs: operands.map { $0.map(TensorView.init) }, outputs: results.map(TensorView.init),
          scratch: TensorView(scratch), prepared: try kernel.preparation?.make()))
      for (index, (found, wanted)) in zip(results, expected).enumerated() where !found.isIdentical(to: wanted)
      {
        throw CheckFailure("output \(index) differs when output 0 takes over input \(reused)")
      }
    }
  }

  /// Compares the results that are said to be views with the operand's memory.
  private func checkViews(_ graph: LoweredGraph, _ feeds: [String: Tensor], _ expected: [Tensor]) throws {
    let node = graph.nodes[0]
    let views = try (node.operation as? any OperandViewing)?.views(graph.inputTypes(of: node)) ?? []
    for (index, view) in views.enumerated() where index < expected.count {
      guard let view, let operand = feeds[node.inputs[view.input]] else { continue }
      let wanted = expected[index]
      let width = wanted.elementType.byteCount(of: 1) ?? 0
      let part = Tensor(
        elementType: wanted.elementType, shape: wanted.shape, storage: operand.storage,
        byteOffset: operand.byteOffset + view.elementOffset * width)
      guard part.isIdentical(to: wanted) else {
        throw CheckFailure("output \(index) is no view of input \(view.input) at \(view.elementOffset)")
      }
    }
  }

  /// Compares where elements are said to lie in operand 0 with where they are.
  private func checkMaps(_ graph: LoweredGraph, _ feeds: [String: Tensor], _ expected: [Tensor]) throws {
    let node = graph.nodes[0]
    guard let operation = node.operation as? any Rearranging, let operand = feeds[node.inputs[0]] else {
      return
    }
    let (inputs, results) = (graph.inputTypes(of: node), node.outputs.map { graph.types[$0] })
    for (index, wanted) in expected.enumerated() {
      guard let map = operation.map(to: index, inputs, results) else { continue }
      let width = wanted.elementType.byteCount(of: 1) ?? 0
      let bytes = map.positions.flatMap { operand.bytes[$0 * width..<($0 + 1) * width] }
      guard map.extents == wanted.shape.extents, bytes == wanted.bytes else {
        throw CheckFailure("output \(index) is not where its map \(map) says")
      }
    }
  }
}

extension StridedMap {
  /// Where each element lies, in the order of the axes.
  package var positions: [Int] {
    axes.joined().reduce([offset]) { positions, factor in
      positions.flatMap { start in (0..<factor.extent).map { start + $0 * factor.stride } }
    }
  }
}
