package import Graphs
package import Kernels
import Tensors

/// Gemm (ai.onnx 7…): scaled product of two matrices, either of which may be read as its transpose, plus a scaled sum.
///
///     y = α · a′ · b′ + β · c          da′ = α · dy · b′ᵀ,  db′ = α · a′ᵀ · dy,  dc = β · Σ dy over stretched axes
///
/// Shapes: A′ [M, K], B′ [K, N], C broadcastable to [M, N] → [M, N].
/// Source: onnx/docs/Operators.md#Gemm.
package struct Gemm: Operator {
  package static let schema = OperatorSchema(
    "Gemm", versions: 7..., inputs: ["A", "B", "C?"], outputs: ["Y"])

  package let alpha: Float
  package let beta: Float
  package let transposesA: Bool
  package let transposesB: Bool

  /// A product, scaled and of transposed matrices where told.
  package init(alpha: Float = 1, beta: Float = 1, transposesA: Bool = false, transposesB: Bool = false) {
    self.alpha = alpha
    self.beta = beta
    self.transposesA = transposesA
    self.transposesB = transposesB
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    alpha = try node.float("alpha", default: 1)
    beta = try node.float("beta", default: 1)
    transposesA = try node.flag("transA", default: false)
    transposesB = try node.flag("transB", default: false)
    if node.version < 11, node.inputCount < 3 { throw .invalid("lacks input 2 (C)") }
  }

  package var attributes: [Attribute] {
    [
      Attribute("alpha", alpha), Attribute("beta", beta), Attribute("transA", transposesA ? 1 : 0),
      Attribute("transB", transposesB ? 1 : 0),
    ]
  }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    for index in 0..<inputs.count where inputs.optional(index) != nil {
      try inputs.require(index, isOneOf: [.float32, .float64])
    }
    try inputs.requireSameType(0..<inputs.count)
    let (a, b) = (inputs[0].shape, inputs[1].shape)
    guard a.rank == 2, b.rank == 2 else { throw .invalid("inputs \(a) and \(b) are no matrices") }
    let shape = try stacks(a, b).shape
    if let c = inputs.optional(2)?.shape {
      guard c.broadcast(with: shape) == shape else {
        throw .invalid("input 2 \(c) does not broadcast to \(shape)")
      }
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let stacks = try stacks(inputs[0].shape, inputs[1].shape)
    let product = BoundProduct(stacks, inputs, options)
    let addend = inputs.optional(2)?.shape
    let strides = addend?.strides(expandedTo: stacks.shape) ?? [0, 0]
    let scales = alpha != 1 || addend != nil
    return BoundKernel(
      inputs, .operations(stacks.operations &+ (addend == nil ? 0 : stacks.shape.elementCount)),
      scratchByteCount: product.scratchByteCount, preparation: product.preparation
    ) { operands in
      product.run(operands, options)
      guard scales else { return }
      MatrixSum.scale(
        operands.output(0), by: alpha, adding: operands.optional(2), strides: strides, times: beta)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let (a, b) = (site.inputs[0], site.inputs[1])
    var dA: String?
    var dB: String?
    var dC: String?
    if site.needs(0) {
      // da = dy · b′ᵀ, or its transpose b′ · dyᵀ where a is read transposed.
      dA =
        transposesA
        ? try product(b, transposesB, dY, true, &gradient)
        : try product(dY, false, b, !transposesB, &gradient)
    }
    if site.needs(1) {
      dB =
        transposesB
        ? try product(dY, true, a, transposesA, &gradient)
        : try product(a, !transposesA, dY, false, &gradient)
    }
    if site.needs(2) {
      var sum = try gradient.sum(dY, toShapeOf: site.inputs[2])
      if beta != 1 { sum = try gradient.emit(Mul(), [sum, try gradient.scalar(Double(beta), like: sum)]) }
      dC = sum
    }
    return [dA, dB, dC]
  }

  private func product(
    _ left: String, _ transposesLeft: Bool, _ right: String, _ transposesRight: Bool,
    _ gradient: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let operation = Gemm(alpha: alpha, transposesA: transposesLeft, transposesB: transposesRight)
    return try gradient.emit(operation, [left, right])
  }

  private func stacks(_ a: Shape, _ b: Shape) throws(OperatorError) -> MatrixStacks {
    try MatrixStacks(a, b, transposesA: transposesA, transposesB: transposesB)
  }
}
