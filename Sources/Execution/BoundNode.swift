import Graphs
import Kernels
import Operators

extension LoweredNode {
  /// The operator with its attributes: what tells apart how a constant is rearranged.
  var operationText: String {
    "\(operatorName) " + operation.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
  }
}

/// A node of a graph bound to its operands: the kernel, and what its results may share with its operands.
struct BoundNode {
  /// What a run calls.
  let kernel: BoundKernel
  /// For each result, the operand it is a part of, where it is one.
  let views: [OperandView?]
  /// For each result, the operand of which it is the next state.
  let updatedInputs: [Int]
  /// Operands whose memory result 0 may take over.
  let reusableInputs: [Int]

  /// Binds a node.
  ///
  /// - Parameter unprepared: constants of which the kernel is to make nothing before it runs.
  init(
    _ node: LoweredNode, in graph: LoweredGraph, _ options: KernelOptions, unprepared: Set<String> = []
  ) throws(OperatorError) {
    var inputs = graph.inputTypes(of: node)
    if !unprepared.isDisjoint(with: node.inputs) {
      inputs = InputTypes(
        types: inputs.types,
        constants: zip(node.inputs, inputs.constants).map { unprepared.contains($0) ? nil : $1 },
        outputCount: inputs.outputCount)
    }
    let results = node.outputs.filter { !$0.isEmpty }.map { graph.type($0) }
    kernel = try node.bind(inputs, results: results, options)
    views = try (node.operation as? any OperandViewing)?.views(inputs) ?? []
    updatedInputs = try (node.operation as? any StateUpdating)?.updatedInputs(inputs) ?? []
    reusableInputs = (node.operation as? any MemoryReusing)?.reusableInputs ?? []
  }
}
