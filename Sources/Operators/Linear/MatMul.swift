import Graphs
package import Kernels
import Tensors

/// MatMul (ai.onnx 1…): product of matrices or of stacks of them, as NumPy's matmul.
///
///     y = a · b          da = dy · bᵀ,  db = aᵀ · dy, summed over stretched stack axes
///
/// Shapes: A [..., M, K], B [..., K, N] → [..., M, N]; vectors lose their axis.
/// Source: onnx/docs/Operators.md#MatMul.
package struct MatMul: Operator, WithoutAttributes {
  package static let schema = OperatorSchema("MatMul", versions: 1..., inputs: ["A", "B"], outputs: ["Y"])

  package init() {}

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.requireMatrixElements()
    return [ValueType(inputs[0].elementType, try MatrixStacks(inputs[0].shape, inputs[1].shape).shape)]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    .product(try MatrixStacks(inputs[0].shape, inputs[1].shape), inputs, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let (a, b) = (site.inputs[0], site.inputs[1])
    let (shapeA, shapeB) = (gradient.shape(a), gradient.shape(b))
    // Vectors become matrices, so that one rule serves all.
    let matrixA = try gradient.reshape(a, to: shapeA.rank == 1 ? Shape([1] + shapeA.extents) : shapeA)
    let matrixB = try gradient.reshape(b, to: shapeB.rank == 1 ? Shape(shapeB.extents + [1]) : shapeB)
    let full = try MatrixStacks(gradient.shape(matrixA), gradient.shape(matrixB)).shape
    let dY = try gradient.reshape(try site.gradient(), to: full)
    let dA = site.needs(0) ? try gradient.leftGradient(dY, matrixA, matrixB) : nil
    let dB = site.needs(1) ? try gradient.rightGradient(dY, matrixA, matrixB) : nil
    return [
      try dA.map { (name) throws(OperatorError) in try gradient.reshape(name, to: shapeA) },
      try dB.map { (name) throws(OperatorError) in try gradient.reshape(name, to: shapeB) },
    ]
  }
}

extension InputTypes {
  /// Refuses operands that no matrix product is implemented for.
  func requireMatrixElements() throws(OperatorError) {
    for index in 0..<2 { try require(index, isOneOf: [.float32, .float64, .int64, .int32]) }
    try requireSameType(0..<2)
  }
}

extension GradientBuilder {
  /// dA = dY · Bᵀ in the shape of A.
  fileprivate mutating func leftGradient(_ dY: String, _ a: String, _ b: String) throws(OperatorError)
    -> String
  {
    let full = shape(b).rank == 2 ? try flatProduct(dY, b, transposesB: true, toShapeOf: a) : nil
    if let full { return full }
    let product = try emit(TransposedMatMul(transposesB: true), [dY, b])
    return try sum(product, toShapeOf: a)
  }

  /// dB = Aᵀ · dY in the shape of B.
  fileprivate mutating func rightGradient(_ dY: String, _ a: String, _ b: String) throws(OperatorError)
    -> String
  {
    guard shape(b).rank > 2 else {
      // One B for all rows of the stack: the stack's rows are one long axis that the product sums over.
      let rows = shape(a).product(0..<(shape(a).rank - 1))
      let flatA = try reshape(a, to: Shape([rows, shape(a)[-1]]))
      let flatY = try reshape(dY, to: Shape([rows, shape(dY)[-1]]))
      return try emit(Gemm(transposesA: true), [flatA, flatY])
    }
    let product = try emit(TransposedMatMul(transposesA: true), [a, dY])
    return try sum(product, toShapeOf: b)
  }

  private mutating func flatProduct(
    _ dY: String, _ b: String, transposesB: Bool, toShapeOf a: String
  ) throws(OperatorError) -> String {
    let rows = shape(dY).product(0..<(shape(dY).rank - 1))
    let flat = try reshape(dY, to: Shape([rows, shape(dY)[-1]]))
    let product = try emit(Gemm(transposesB: transposesB), [flat, b])
    return try reshape(product, to: shape(a))
  }
}

/// Product of stacks of matrices of which one may be read as its transpose.
///
///     y = a′ · b′          a′ = aᵀ where `transA`, b′ = bᵀ where `transB`
///
/// Domain dka.gradient: exists in plans only.
struct TransposedMatMul: Decomposable {
  static let schema = OperatorSchema(
    "TransposedMatMul", domain: "dka.gradient", versions: 1..., inputs: ["A", "B"], outputs: ["Y"])

  let transposesA: Bool
  let transposesB: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    transposesA = try node.flag("transA", default: false)
    transposesB = try node.flag("transB", default: false)
  }

  init(transposesA: Bool = false, transposesB: Bool = false) {
    self.transposesA = transposesA
    self.transposesB = transposesB
  }

  var attributes: [Attribute] {
    [Attribute("transA", transposesA ? 1 : 0), Attribute("transB", transposesB ? 1 : 0)]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.requireMatrixElements()
    guard inputs[0].shape.rank >= 2, inputs[1].shape.rank >= 2 else {
      throw .invalid("inputs \(inputs[0]) and \(inputs[1]) are no matrices")
    }
    return [ValueType(inputs[0].elementType, try stacks(inputs[0].shape, inputs[1].shape).shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    .product(try stacks(inputs[0].shape, inputs[1].shape), inputs, options)
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let a = transposesA ? try builder.transposed(node.inputs[0]) : node.inputs[0]
    let b = transposesB ? try builder.transposed(node.inputs[1]) : node.inputs[1]
    return [try builder.emit(MatMul(), [a, b])]
  }

  private func stacks(_ a: Shape, _ b: Shape) throws(OperatorError) -> MatrixStacks {
    try MatrixStacks(a, b, transposesA: transposesA, transposesB: transposesB)
  }

}

extension GradientBuilder {
  /// A value with its last two axes swapped.
  mutating func transposed(_ value: String) throws(OperatorError) -> String {
    var order = Array(0..<shape(value).rank)
    order.swapAt(order.count - 2, order.count - 1)
    return try emit(Transpose(order), [value])
  }
}
