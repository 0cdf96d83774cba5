package import Graphs
package import Kernels
package import Tensors

/// Attention over strided windows into one to three tensors (domain dka.fused).
///
///     S = scale · Q Kᵀ + mask        P = softmax(S)        Y = P V        LogSumExp = log Σ exp S
///
/// Attributes: `sizes` = batch, heads, queries, keys, channels, value channels; `q_view`, `k_view`, `v_view` = operand, first
/// element, and strides of batch, head, token, channel; `output_shape` and `output_strides` (batch, head, token, channel);
/// `mask_strides` (batch, head, query, key). `head_scales` are the scales of the heads where they differ; `mask_kinds` says which
/// mask a batch has, repeating. `rows` makes windows of images the batches (see `AttentionViews`): partition and cyclic shift of
/// windows cost no copy so. LogSumExp [batch, heads, queries] is what the gradient needs.
package struct FusedAttention: Decomposable, Narrowable {
  package static let schema = OperatorSchema(
    "FusedAttention", domain: "dka.fused", versions: 1..., inputs: ["A", "B?", "C?", "mask?"],
    outputs: ["Y", "LogSumExp?"])

  /// Sizes, windows into operands and result, scales.
  package let views: AttentionViews

  /// Attention over windows.
  package init(_ views: AttentionViews) { self.views = views }

  package init(reading node: AttributeReader) throws(OperatorError) {
    views = try AttentionViews(reading: node)
  }

  package var attributes: [Attribute] { views.attributes }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try views.check(inputs)
    let type = inputs[0].elementType
    return [ValueType(type, views.outputShape), ValueType(type, views.logSumExpShape)]
  }

  /// Whether elements of a type are computed by the fast kernel rather than the plain one.
  package func isFast(for type: ElementType) -> Bool {
    WindowedAttention.isFast(views.geometry, type)
  }

  /// Fewer queries, where an axis of the result holds the tokens.
  package func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    views.narrowed(axis: axis, to: range).map { .operation(FusedAttention($0)) }
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let type = inputs[0].elementType
    let (geometry, sources) = (views.geometry, views.sources)
    return BoundKernel(
      inputs, .operations(views.productOperations),
      scratchByteCount: WindowedAttention.scratchByteCount(geometry, type, backward: false, options),
      name: views.kernel(type)
    ) { operands in
      WindowedAttention.forward(
        q: operands[sources[0]], k: operands[sources[1]], v: operands[sources[2]], mask: operands.optional(3),
        geometry, into: operands.output(0), logSumExp: operands.optionalOutput(1), scratch: operands.scratch,
        options)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard !site.needs(3) else {
      throw OperatorError(.notDifferentiable, "fused attention has no gradient by its mask")
    }
    let needs = (0..<3).map { site.needs($0) }
    guard needs.contains(true) else { return site.inputs.map { _ in nil } }
    let dy = try site.gradient()
    var results = site.outputs
    if results.count < 2 || results[1].isEmpty {
      results = try gradient.emit(self, site.inputs, resultCount: 2)
    }
    let operands = (0..<4).map { $0 < site.inputs.count ? site.inputs[$0] : "" }
    let names = needs.map { $0 ? gradient.freshName("FusedAttentionGradient") : "" }
    try gradient.emit(
      FusedAttentionGradient(views), operands + [results[0], dy, results[1]], outputs: names)
    return site.inputs.indices.map { $0 < 3 && needs[$0] ? names[$0] : nil }
  }

  package func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    try views.decomposition(node, into: &builder)
  }
}

/// Gradients of the tensors into which `FusedAttention` looks (domain dka.gradient).
///
///     dV = Pᵀ dY        dS = P ∘ (dY Vᵀ − Σ channels dY ∘ Y)        dQ = scale · dS K        dK = scale · dSᵀ Q
///
/// Shapes: dA, dB, dC like A, B, C; zero where no window looks. Windows into one operand do not
/// overlap.
struct FusedAttentionGradient: Decomposable {
  static let schema = OperatorSchema(
    "FusedAttentionGradient", domain: "dka.gradient", versions: 1...,
    inputs: ["A", "B?", "C?", "mask?", "Y", "dY", "LogSumExp"], outputs: ["dA?", "dB?", "dC?"])

  let views: AttentionViews

  init(_ views: AttentionViews) { self.views = views }

  init(reading node: AttributeReader) throws(OperatorError) { views = try AttentionViews(reading: node) }

  var attributes: [Attribute] { views.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try views.check(inputs)
    guard inputs[4].shape == views.outputShape, inputs[5].shape == views.outputShape,
      inputs[6].shape == views.logSumExpShape
    else { throw .invalid("its result, gradient or sums have another shape than their attributes say") }
    // Absent operands have absent gradients; the place of their type is held by the first operand's.
    return (0..<3).map { inputs.optional($0) ?? inputs[0] }
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let type = inputs[0].elementType
    let (geometry, sources) = (views.geometry, views.sources)
    let results = try inferTypes(inputs)
    let isOverwritten = results.indices.map { views.covers($0, results[$0]) }
    return BoundKernel(
      inputs, .operations(views.productOperations / 2 &* 5),
      scratchByteCount: WindowedAttention.scratchByteCount(geometry, type, backward: true, options),
      name: views.kernel(type)
    ) { operands in
      for index in 0..<3 {
        if !isOverwritten[index], let target = operands.optionalOutput(index) { DataMovement.clear(target) }
      }
      WindowedAttention.backward(
        q: operands[sources[0]], k: operands[sources[1]], v: operands[sources[2]], mask: operands.optional(3),
        y: operands[4], dy: operands[5], logSumExp: operands[6], geometry,
        dq: operands.optionalOutput(sources[0]), dk: operands.optionalOutput(sources[1]),
        dv: operands.optionalOutput(sources[2]), scratch: operands.scratch, options)
    }
  }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    try views.gradientDecomposition(node, into: &builder)
  }
}
