import Graphs
package import Operators
import Tensors

/// Compares what a `Narrowable` operator computes for one position of an axis with that position of its whole result.
package struct NarrowingCheck {
  /// Operators to use.
  package var registry: OperatorRegistry

  /// A check with the given operators.
  package init(registry: OperatorRegistry = .standard) { self.registry = registry }

  /// Narrows result 0 to the first and to the last position of each axis and throws where a bit differs.
  ///
  /// - Returns: places that could be narrowed.
  @discardableResult
  package func check(_ testCase: OperatorCase) throws -> Int {
    let graph = try testCase.graph(.float32, registry: registry)
    guard let node = graph.nodes.first, let operation = node.operation as? any Narrowable else { return 0 }
    let feeds = try testCase.feeds(.float32)
    let shape = graph.type(node.outputs[0]).shape
    var count = 0
    for axis in 0..<shape.rank where shape[axis] > 1 {
      for position in [0, shape[axis] - 1] {
        let range = position..<position + 1
        guard
          let narrowing = operation.narrowing(
            axis: axis, to: range, graph.inputTypes(of: node))
        else { continue }
        try compare(graph, node, narrowing, axis, range, feeds)
        count += 1
      }
    }
    return count
  }

  private func compare(
    _ graph: LoweredGraph, _ node: LoweredNode, _ narrowing: Narrowing, _ axis: Int, _ range: Range<Int>,
    _ feeds: [String: Tensor]
  ) throws {
    var builder = GradientBuilder(extending: graph, prefix: "narrowed/")
    func part(_ value: String) throws -> String {
      let bounds = try [range.lowerBound, range.upperBound, axis].map { try builder.constant([$0]) }
      return try builder.emit(Slice(), [value] + bounds)
    }
    var narrow = node
    let wanted = try part(node.outputs[0])
    let found: String
    switch narrowing {
    case .operand(let operand):
      found = try part(node.inputs[operand])
    case .alike(let operands):
      for operand in operands where operand < narrow.inputs.count && !narrow.inputs[operand].isEmpty {
        narrow.inputs[operand] = try part(narrow.inputs[operand])
      }
      found = "narrow"
    case .operation(let operation):
      narrow.operation = operation
      found = "narrow"
    }
    var extended = builder.graph
    if found == "narrow" {
      narrow.outputs = [found]
      extended.types[found] = try narrow.operation.inferTypes(extended.inputTypes(of: narrow))[0]
      extended.nodes.append(narrow)
    }
    let values = try Interpreter().values(of: extended, feeds)
    guard let result = values[found], let expected = values[wanted], result.isIdentical(to: expected) else {
      throw CheckFailure("position \(range.lowerBound) of axis \(axis) differs when it is computed alone")
    }
  }
}
