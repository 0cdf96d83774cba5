package import Graphs
package import Kernels
import Tensors

/// Product of rows with a matrix, with what stands around it in one pass (domain dka.fused).
///
///     Y = activation(X · W + bias + residual)          GELU is applied before the residual is added
///     dX = dY · Wᵀ        dW = Xᵀ · dY        dbias = Σ rows dY        dresidual = dY
///
/// Shapes: X [..., K], W [K, N] or [N, K] where `transposed`, bias [N], residual like Y → Y [..., N]. The activation is added
/// after differentiation, so there is no gradient through it.
package struct Linear: Decomposable, Narrowable, ProductWithEpilogue {
  package static let schema = OperatorSchema(
    "Linear", domain: "dka.fused", versions: 1..., inputs: ["X", "W", "bias?", "residual?"], outputs: ["Y"])

  /// Whether the matrix is stored [N, K].
  package let isTransposed: Bool
  package let activation: ProductActivation

  /// A product, plain unless told otherwise.
  package init(isTransposed: Bool = false) { self.init(isTransposed: isTransposed, activation: .none) }

  private init(isTransposed: Bool, activation: ProductActivation) {
    self.isTransposed = isTransposed
    self.activation = activation
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    isTransposed = try node.flag("transposed", default: false)
    activation = try ProductActivation(reading: node)
  }

  package var attributes: [Attribute] {
    [Attribute("transposed", isTransposed ? 1 : 0)] + activation.attributes
  }

  package func with(_ activation: ProductActivation) -> Linear {
    Linear(isTransposed: isTransposed, activation: activation)
  }

  package func takesResidual(_ inputs: InputTypes) -> Bool { activation.leavesRoomForResidual }

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

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let (x, w) = (inputs[0].shape, inputs[1].shape)
    let (rows, depth) = (x.product(0..<x.rank - 1), x[-1])
    let columns = w[isTransposed ? 0 : 1]
    let isFloat = inputs[0].elementType == .float32
    let preparation = Preparation.packing(
      isFloat ? inputs.known(1) : nil,
      byteCount: LinearProduct.packedByteCount(depth: depth, columns: columns, options)
    ) { (view) throws(StorageError) in
      try LinearProduct.packed(view, transposed: isTransposed, options)
    }
    let scratchByteCount = LinearProduct.scratchByteCount(
      depth: depth, columns: columns, packsRight: preparation == nil, options)
    return BoundKernel(
      inputs, .operations(2 &* rows &* w.elementCount), scratchByteCount: isFloat ? scratchByteCount : 0,
      preparation: preparation
    ) { operands in
      LinearProduct.multiply(
        operands[0], operands[1], transposed: isTransposed, packed: operands.packedMatrix,
        bias: operands.optional(2), residual: operands.optional(3), activation: activation, rows: rows,
        depth: depth, columns: columns, into: operands.output(0), scratch: operands.scratch, options)
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
    return [try activation.emit(behind: result, residual: node.input(3), into: &builder)]
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

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let x = inputs[0].shape
    let (rows, depth, columns) = (x.product(0..<x.rank - 1), x[-1], inputs[1].shape[-1])
    let scratchByteCount = LinearProduct.weightGradientScratchByteCount(
      rows: rows, depth: depth, columns: columns, transposed: isTransposed, options)
    return BoundKernel(
      inputs, .operations(2 &* x.elementCount &* columns),
      scratchByteCount: inputs[0].elementType == .float32 ? scratchByteCount : 0
    ) { operands in
      LinearProduct.weightGradient(
        operands[0], operands[1], transposed: isTransposed, rows: rows, depth: depth, columns: columns,
        into: operands.output(0), scratch: operands.scratch, options)
    }
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
