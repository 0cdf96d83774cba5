import Graphs
package import Operators
import Tensors

/// Makes the batch normalization behind a convolution part of its kernels and bias.
///
///     BatchNormalization(Conv(x, w, b)) → Conv(x, w · a, (b − mean) · a + shift)          a = scale / √(variance + ε)
///
/// Where all of them are constants and nothing else reads the convolution.
package struct FoldBatchNormalization: RewriteRule {
  package let label = "fold batch normalization"

  package init() {}

  package func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int {
    var count = 0
    for id in graph.ids(of: BatchNormalization.self) {
      guard let node = graph[id], let normalization = node.operation as? BatchNormalization,
        let source = graph.maker(of: node.inputs[0], "Conv"), graph.isInner(node.inputs[0])
      else { continue }
      guard let affine = Affine(node, normalization, in: graph),
        let kernels = graph.constant(source.node.inputs[1]), let taps = kernels.doubles,
        source.node.input(2).map({ graph.constant($0) != nil }) ?? true
      else {
        graph.note(
          MatchFailure(
            rule: label, node: node.label, reason: "its numbers or those of the convolution are trained"))
        continue
      }
      let filters = affine.factors.count
      let perFilter = max(taps.count / max(filters, 1), 1)
      let bias =
        source.node.input(2).flatMap { graph.constant($0)?.doubles } ?? [Double](repeating: 0, count: filters)
      let type = kernels.elementType
      let folded = try Self.tensor(
        taps.enumerated().map { $0.element * affine.factors[$0.offset / perFilter] }, kernels.shape, type)
      let shifted = try Self.tensor(
        (0..<filters).map { bias[$0] * affine.factors[$0] + affine.addends[$0] }, Shape([filters]), type)
      let inputs = [
        source.node.inputs[0], graph.add(folded, named: "kernels"), graph.add(shifted, named: "bias"),
      ]
      try graph.replace(
        id, with: [LoweredNode(source.node.operation, inputs, outputs: [node.outputs[0]])])
      count += 1
    }
    return count
  }

  /// What a batch normalization of constant numbers does with each channel: y = x · factor + addend.
  struct Affine {
    let factors: [Double]
    let addends: [Double]

    init?(_ node: LoweredNode, _ operation: BatchNormalization, in graph: EditableGraph) {
      let numbers = node.inputs[1...].map { graph.constant($0)?.doubles }
      guard let scale = numbers[0], let shift = numbers[1], let mean = numbers[2], let variance = numbers[3]
      else { return nil }
      let epsilon = Double(operation.epsilon)
      let factors = zip(scale, variance).map { $0 / ($1 + epsilon).squareRoot() }
      self.factors = factors
      addends = scale.indices.map { shift[$0] - mean[$0] * factors[$0] }
    }
  }

  /// A constant of Float32 or Float64.
  static func tensor(_ numbers: [Double], _ shape: Shape, _ type: ElementType) throws(OperatorError) -> Tensor
  {
    do {
      return type == .float32
        ? try Tensor(numbers.map(Float.init), shape: shape) : try Tensor(numbers, shape: shape)
    } catch { throw OperatorError(.outOfMemory, "no memory for \(numbers.count) folded numbers") }
  }
}
