import Graphs
package import Kernels
package import Operators
package import Tensors

/// Evaluates a lowered graph node by node into fresh memory: no plan, no fusion, no reuse.
///
/// It is what plans are compared with.
package struct Interpreter {
  /// Threads and kernels.
  package var context: ExecutionContext

  /// An interpreter with the given number of threads.
  package init(threads: Int = 1, level: Processor.Level = Processor.detectedLevel()) {
    context = ExecutionContext(options: KernelOptions(threads: threads, level: level))
  }

  /// Every value of the graph.
  ///
  /// - Parameter feeds: values of the graph's inputs; they may also replace variables and constants.
  package func values(of graph: LoweredGraph, _ feeds: [String: Tensor]) throws -> [String: Tensor] {
    var values = graph.constants
    values.merge(graph.variables) { $1 }
    values.merge(feeds) { $1 }
    for node in graph.nodes {
      for input in node.inputs where !input.isEmpty && values[input] == nil {
        throw CheckFailure("node '\(node.label)' reads '\(input)', which has no value")
      }
      let inputs = InputTypes(
        types: node.inputs.map { name in
          values[name].map { ValueType($0.elementType, $0.shape) }
        },
        constants: node.inputs.map { values[$0] },
        outputCount: node.outputs.count)
      let results = try node.evaluate(inputs, context)
      for (name, result) in zip(node.outputs, results) where !name.isEmpty {
        let found = ValueType(result.elementType, result.shape)
        guard found == graph.type(name) else {
          throw CheckFailure("value '\(name)' has type \(found), inferred \(graph.type(name))")
        }
        values[name] = result
      }
    }
    return values
  }

  /// The graph's outputs, in order.
  package func run(_ graph: LoweredGraph, _ feeds: [String: Tensor]) throws -> [Tensor] {
    let values = try values(of: graph, feeds)
    return try graph.outputs.map { name in
      guard let value = values[name] else { throw CheckFailure("output '\(name)' has no value") }
      return value
    }
  }
}

extension LoweredNode {
  /// Computes the node's results from known operands into fresh memory.
  package func evaluate(_ inputs: InputTypes, _ context: ExecutionContext) throws(OperatorError) -> [Tensor] {
    let types = try operation.inferTypes(inputs)
    return try bind(inputs, results: types, context.options).evaluate(inputs.constants, results: types)
  }
}

extension KernelOptions {
  /// One thread and the fastest kernels there are.
  package static var testing: KernelOptions { KernelOptions(threads: 1, level: Processor.detectedLevel()) }
}
