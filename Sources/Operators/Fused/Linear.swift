package import Graphs
package import Kernels
import Tensors

/// Product of rows with a matrix, with what stands around it in one pass (domain dka.fused).
///
///     Y = activation(X · W + bias) + residual
///     dX = dY · Wᵀ        dW = Xᵀ · dY        dbias = Σ rows dY        dresidual = dY
///
/// Shapes: X [..., K], W [K, N] or [N, K] where `transposed`, bias [N], residual like Y → Y [..., N]. The activation is added
/// after differentiation, so there is no gradient through it.
package struct Linear: Decomposable, Narrowable {
  package static let schema = OperatorSchema(
    "Linear", domain: "dka.fused", versions: 1..., inputs: ["X", "W", "bias?", "residual?"], outputs: ["Y"])

  /// Whether the matrix is stored [N, K].
  package let isTransposed: Bool
  /// What is applied to the product before the residual is added.
  let activation: ProductActivation

  /// A product, plain unless told otherwise.
  package init(isTransposed: Bool = false) { self.init(isTransposed: isTransposed, activation: .none) }

  private init(isTransposed: Bool, activation: ProductActivation) {
    self.isTransposed = isTransposed
    self.activation = activation
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    isTransposed = try node.flag("transposed", default: false)
    let name = try node.text("activation", oneOf: ProductActivation.allCases.map(\.rawValue))
    activation = ProductActivation(rawValue: name) ?? .none
  }

  package var attributes: [Attribute] {
    [Attribute("transposed", isTransposed ? 1 : 0), Attribute("activation", activation.rawValue)]
  }

  /// The layer with the operator behind it as its activation; nil where it has one already, or that is none.
  package func followed(by operation: any Operator) -> Linear? {
    guard activation == .none else { return nil }
    switch operation {
    case is Relu: return Linear(isTransposed: isTransposed, activation: .relu)
    case let gelu as Gelu where !gelu.isTanh: return Linear(isTransposed: isTransposed, activation: .gelu)
    default: return nil
    }
  }

  /// Whether nothing is applied to the product.
  package var isPlain: Bool { activation == .none }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
    let x = inputs[0].shape
    let w = inputs[1].shape
    guard x.rank >= 1, w.rank == 2, x[-1] == w[isTransposed ? 1 : 0] else {
      throw .invalid("rows of shape \(x) don't fit the matrix of shape \(w)")
    }
    let columns = w[isTransposed ? 0 : 1]
    guard let shape = Shape(checking: x.extents.dropLast() + [columns]) else {
      throw .invalid("rows of shape \(x) and the matrix of shape \(w) give a result beyond all memory")
    }
    if let bias = inputs.optional(2), bias.shape.extents != [columns] {
      throw .invalid("bias has shape \(bias.shape), expected [\(columns)]")
    }
    if let residual = inputs.optional(3), residual.shape != shape {
      throw .invalid("residual has shape \(residual.shape), expected \(shape)")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  package func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    axis == inputs[0].shape.rank - 1 ? nil : .alike(operands: [0, 3])
  }

  package func scratchByteCount(_ inputs: InputTypes, _ options: KernelOptions) -> Int {
    guard inputs[0].elementType == .float32 else { return 0 }
    return LinearProduct.scratchByteCount(
      depth: inputs[0].shape[-1], columns: inputs[1].shape[isTransposed ? 0 : 1],
      packsRight: inputs.constants.count < 2 || inputs.constants[1] == nil, options)
  }

  package func floatingPointOperations(_ inputs: InputTypes) -> Int {
    let rows = inputs[0].shape.product(0..<inputs[0].shape.rank - 1)
    return 2 &* rows &* inputs[1].shape.elementCount
  }

  package func prepare(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError)
    -> (any PreparedConstants)?
  {
    guard inputs.constants.count > 1, let matrix = inputs.constants[1], matrix.elementType == .float32 else {
      return nil
    }
    return try withMemory { () throws(StorageError) in
      let view = TensorView(try matrix.aligned())
      return PackedLinear(matrix: try LinearProduct.packed(view, transposed: isTransposed, options))
    }
  }

  package func preparedByteCount(_ inputs: InputTypes, _ options: KernelOptions) -> Int {
    guard inputs.constants.count > 1, inputs.constants[1]?.elementType == .float32 else { return 0 }
    let w = inputs[1].shape
    return LinearProduct.packedByteCount(
      depth: w[isTransposed ? 1 : 0], columns: w[isTransposed ? 0 : 1], options)
  }

  package func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    try withMemory { () throws(StorageError) in
      try LinearProduct.multiply(
        operands[0], operands[1], transposed: isTransposed,
        packed: (operands.prepared as? PackedLinear)?.matrix,
        bias: operands.optional(2), residual: operands.optional(3), activation: activation,
        rows: operands[0].shape.product(0..<operands[0].shape.rank - 1), depth: operands[0].shape[-1],
        columns: operands[1].shape[isTransposed ? 0 : 1], into: operands.output(0),
        scratch: operands.scratch, context.options)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard activation == .none else {
      throw OperatorError(.notDifferentiable, "a linear layer with activation has no gradient")
    }
    let dy = try site.gradient()
    var results: [String?] = site.inputs.map { _ in nil }
    if site.needs(0) {
      results[0] = try gradient.emit(Linear(isTransposed: !isTransposed), [dy, site.inputs[1]])
    }
    if site.needs(1) {
      results[1] = try gradient.emit(
        LinearWeightGradient(isTransposed: isTransposed), [site.inputs[0], dy])
    }
    if site.needs(2) { results[2] = try gradient.sum(dy, toShapeOf: site.inputs[2]) }
    if site.needs(3) { results[3] = dy }
    return results
  }

  package func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    var matrix = node.inputs[1]
    if isTransposed { matrix = try builder.emit(Transpose([1, 0]), [matrix]) }
    var result = try builder.emit(MatMul(), [node.inputs[0], matrix])
    if let bias = node.input(2) { result = try builder.emit(Add(), [result, bias]) }
    switch activation {
    case .none: break
    case .relu: result = try builder.emit(Relu(), [result])
    case .gelu: result = try builder.emit(Gelu(), [result])
    }
    if let residual = node.input(3) { result = try builder.emit(Add(), [result, residual]) }
    return [result]
  }
}

/// Gradient of `Linear` by its matrix (domain dka.gradient).
///
///     dW = Xᵀ · dY        its transpose where `transposed`
///
/// Shapes: X [..., K], dY [..., N] → dW [K, N] or [N, K].
struct LinearWeightGradient: Decomposable {
  static let schema = OperatorSchema(
    "LinearWeightGradient", domain: "dka.gradient", versions: 1..., inputs: ["X", "dY"], outputs: ["dW"])

  let isTransposed: Bool

  init(isTransposed: Bool) { self.isTransposed = isTransposed }

  init(reading node: AttributeReader) throws(OperatorError) {
    isTransposed = try node.flag("transposed", default: false)
  }

  var attributes: [Attribute] { [Attribute("transposed", isTransposed ? 1 : 0)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<2)
    let x = inputs[0].shape
    let dy = inputs[1].shape
    guard x.rank >= 1, x.rank == dy.rank, x.extents.dropLast() == dy.extents.dropLast(),
      let shape = Shape(checking: isTransposed ? [dy[-1], x[-1]] : [x[-1], dy[-1]])
    else { throw .invalid("rows of shape \(x) don't fit gradients of shape \(dy)") }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func scratchByteCount(_ inputs: InputTypes, _ options: KernelOptions) -> Int {
    guard inputs[0].elementType == .float32 else { return 0 }
    let x = inputs[0].shape
    return LinearProduct.weightGradientScratchByteCount(
      rows: x.product(0..<x.rank - 1), depth: x[-1], columns: inputs[1].shape[-1], transposed: isTransposed,
      options)
  }

  func floatingPointOperations(_ inputs: InputTypes) -> Int {
    2 &* inputs[0].shape.elementCount &* inputs[1].shape[-1]
  }

  func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    let x = operands[0].shape
    LinearProduct.weightGradient(
      operands[0], operands[1], transposed: isTransposed, rows: x.product(0..<x.rank - 1), depth: x[-1],
      columns: operands[1].shape[-1], into: operands.output(0), scratch: operands.scratch, context.options)
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    func flat(_ value: String, _ builder: inout GradientBuilder) throws(OperatorError) -> String {
      let shape = builder.shape(value)
      return try builder.reshape(value, to: Shape([shape.product(0..<shape.rank - 1), shape[-1]]))
    }
    let rows = try flat(node.inputs[isTransposed ? 1 : 0], &builder)
    let columns = try flat(node.inputs[isTransposed ? 0 : 1], &builder)
    let transposed = try builder.emit(Transpose([1, 0]), [rows])
    return [try builder.emit(MatMul(), [transposed, columns])]
  }
}

/// The matrix of a `Linear`, packed once.
private struct PackedLinear: PreparedConstants {
  let matrix: PackedMatrix
}
