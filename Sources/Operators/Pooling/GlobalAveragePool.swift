import Graphs
package import Kernels
import Tensors

/// GlobalAveragePool (ai.onnx 1…): the mean of each map.
///
///     y[b, c] = Σ x[b, c, …] / positions          dx = dy / positions
///
/// Shapes: X [B, C, d…] → [B, C, 1…]. Source: onnx/docs/Operators.md#GlobalAveragePool.
package struct GlobalAveragePool: Operator, WithoutAttributes {
  package static let schema = OperatorSchema(
    "GlobalAveragePool", versions: 1..., inputs: ["X"], outputs: ["Y"])

  package init() {}

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    let shape = inputs[0].shape
    guard shape.rank >= 2 else { throw .invalid("input 0 has shape \(shape), expected [N, C, …]") }
    let extents = Array(shape.extents[..<2]) + [Int](repeating: 1, count: shape.rank - 2)
    return [ValueType(inputs[0].elementType, Shape(extents))]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .operations(inputs[0].shape.elementCount)) { operands in
      Pooling.globalMean(operands[0], into: operands.output(0), options)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let shape = gradient.shape(site.inputs[0])
    let count = max(shape.product(2..<shape.rank), 1)
    let share = try gradient.emit(Div(), [dY, try gradient.scalar(Double(count), like: dY)])
    return [try gradient.emit(Expand(), [share, try gradient.constant(shape.extents)])]
  }
}
