package import Graphs
package import Kernels
import Tensors

/// Attention (ai.onnx 23…) without cache: softmax of scaled products of queries and keys, applied to values.
///
///     y = softmax(scale · q · kᵀ + mask) · v          gradients see `ScaledDotProduct`
///
/// Shapes: Q [B, h, N, d], K [B, g, M, d], V [B, g, M, e] with h a multiple of g → [B, h, N, e]; or with heads side by side,
/// [B, N, h · d] and so on, and attributes `q_num_heads` and `kv_num_heads`. The mask broadcasts to [B, h, N, M], is added or
/// (bool) says which keys count, and may cover fewer keys. All other forms are those of `AttentionForms`.
/// Source: onnx/docs/Operators.md#Attention.
package struct Attention: Operator {
  package static let schema = OperatorSchema(
    "Attention", versions: 23..., inputs: ["Q", "K", "V", "attn_mask?"], outputs: ["Y"])

  private let form: StandardAttention

  package init(reading node: AttributeReader) throws(OperatorError) {
    form = try StandardAttention(reading: node)
  }

  package var attributes: [Attribute] { form.attributes }

  /// Whether a query sees only the keys up to its own position.
  package var isCausal: Bool { form.isCausal }
  /// What the scores are multiplied with; 1 / √depth where it is not given.
  package var scale: Float? { form.scale }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<3)
    let (kernel, shape) = try form.kernel(inputs[0].shape, inputs[1].shape, inputs[2].shape)
    if let mask = inputs.optional(3) {
      guard mask.elementType == .bool || mask.elementType == inputs[0].elementType else {
        throw .invalid(
          "input 3 has element type \(mask.elementType.name), expected bool or \(inputs[0].elementType.name)")
      }
      _ = try kernel.maskLayout(mask)
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let kernel = try form.kernel(inputs[0].shape, inputs[1].shape, inputs[2].shape).0
    let layout = try kernel.maskLayout(inputs.optional(3))
    return BoundKernel(
      inputs, .operations(kernel.productOperations),
      scratchByteCount: kernel.scratchByteCount(inputs[0].elementType, backward: false, options)
    ) { operands in
      guard let scratch = operands.scratch else { return DataMovement.clear(operands.output(0)) }
      kernel.forward(
        operands[0], operands[1], operands[2], mask: layout?.mask(operands.optional(3)),
        into: operands.output(0), scratch: scratch, options)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard !site.needs(3) else {
      throw OperatorError(.notDifferentiable, "Attention has no gradient with respect to its mask")
    }
    let names = (0..<3).map { site.needs($0) ? gradient.freshName("AttentionGradient") : "" }
    try gradient.emit(AttentionGradient(form), [try site.gradient()] + site.inputs, outputs: names)
    return (0..<3).map { site.needs($0) ? names[$0] : nil } + [nil]
  }
}

/// dQ, dK and dV of `Attention`, each where it is wanted; the softmax is computed again.
///
/// Domain dka.gradient: exists in plans only.
struct AttentionGradient: Operator {
  static let schema = OperatorSchema(
    "AttentionGradient", domain: "dka.gradient", versions: 1...,
    inputs: ["dY", "Q", "K", "V", "attn_mask?"], outputs: ["dQ?", "dK?", "dV?"])

  private let form: StandardAttention

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try StandardAttention(reading: node)
  }

  init(_ form: StandardAttention) { self.form = form }

  var attributes: [Attribute] { form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let shape = try form.kernel(inputs[1].shape, inputs[2].shape, inputs[3].shape).1
    guard inputs[0].shape == shape else { throw .invalid("input 0 is \(inputs[0].shape), expected \(shape)") }
    return [inputs[1], inputs[2], inputs[3]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let kernel = try form.kernel(inputs[1].shape, inputs[2].shape, inputs[3].shape).0
    let layout = try kernel.maskLayout(inputs.optional(4))
    // Without queries there may still be any number of heads.
    let isEmpty = inputs[0].shape.elementCount == 0
    return BoundKernel(
      // Scores again, and four products of the same sizes.
      inputs, .operations(kernel.productOperations / 2 &* 5),
      scratchByteCount: isEmpty
        ? 0 : kernel.scratchByteCount(inputs[0].elementType, backward: true, options)
    ) { operands in
      let results = (0..<3).map { operands.optionalOutput($0) }
      guard let scratch = operands.scratch else {
        for result in results { if let result { DataMovement.clear(result) } }
        return
      }
      kernel.backward(
        operands[0], operands[1], operands[2], operands[3], mask: layout?.mask(operands.optional(4)),
        into: results[0], results[1], results[2], scratch: scratch, options)
    }
  }
}

/// What `Attention` and its gradient know beside their operands.
struct StandardAttention {
  let scale: Float?
  let isCausal: Bool
  private let queryHeads: Int?
  private let keyHeads: Int?

  init(reading node: AttributeReader) throws(OperatorError) {
    scale = try node.optionalFloat("scale")
    isCausal = try node.flag("is_causal", default: false)
    queryHeads = try node.optionalInt("q_num_heads")
    keyHeads = try node.optionalInt("kv_num_heads")
  }

  var attributes: [Attribute] {
    let heads = [("q_num_heads", queryHeads), ("kv_num_heads", keyHeads)]
    return (scale.map { [Attribute("scale", $0)] } ?? []) + [Attribute("is_causal", isCausal ? 1 : 0)]
      + heads.compactMap { name, count in count.map { Attribute(name, $0) } }
  }

  /// The kernel for operands of given shapes, and the result's shape.
  func kernel(_ q: Shape, _ k: Shape, _ v: Shape) throws(OperatorError) -> (ScaledDotProduct, Shape) {
    guard q.rank == k.rank, q.rank == v.rank, q.rank == 3 || q.rank == 4, q[0] == k[0], q[0] == v[0],
      k[-2] == v[-2]
    else { throw .invalid("queries \(q), keys \(k) and values \(v) don't fit together") }
    let heads: Int
    let sharedHeads: Int
    if q.rank == 4 {
      (heads, sharedHeads) = (q[1], k[1])
      guard v[1] == sharedHeads else { throw .invalid("keys \(k) and values \(v) have different heads") }
    } else {
      guard let queryHeads, let keyHeads else {
        throw .invalid("queries \(q) need attributes 'q_num_heads' and 'kv_num_heads'")
      }
      (heads, sharedHeads) = (queryHeads, keyHeads)
      guard heads > 0, sharedHeads > 0, q[2] % heads == 0, k[2] % sharedHeads == 0, v[2] % sharedHeads == 0
      else { throw .invalid("\(heads) and \(sharedHeads) heads don't divide queries \(q) and keys \(k)") }
    }
    guard heads > 0, sharedHeads > 0, heads % sharedHeads == 0 else {
      throw .invalid("\(heads) query heads can't share \(sharedHeads) key heads")
    }
    let depth = q.rank == 4 ? q[3] : q[2] / heads
    let keyDepth = k.rank == 4 ? k[3] : k[2] / sharedHeads
    let valueDepth = v.rank == 4 ? v[3] : v[2] / sharedHeads
    guard depth == keyDepth, depth > 0 else {
      throw .invalid("queries have depth \(depth), keys \(keyDepth)")
    }
    guard let width = Shape(checking: [heads, valueDepth])?.elementCount,
      let shape = Shape(checking: q.rank == 4 ? [q[0], heads, q[2], valueDepth] : [q[0], q[1], width]),
      Shape(checking: [q[0], heads, q[-2], max(k[-2], 2)]) != nil
    else {
      throw .invalid("attention of \(q) to \(k) is too large")
    }
    let kernel = ScaledDotProduct(
      batch: q[0], heads: heads, keyHeads: sharedHeads, queries: q[-2], keys: k[-2], depth: depth,
      valueDepth: valueDepth, isInterleaved: q.rank == 3,
      scale: scale.map(Double.init) ?? 1 / Double(depth).squareRoot(), isCausal: isCausal)
    return (kernel, shape)
  }
}

extension ScaledDotProduct {
  /// Operations of the two products Q Kᵀ and P V.
  fileprivate var productOperations: Int {
    2 &* batch &* heads &* queries &* keys &* (depth &+ valueDepth)
  }

  /// How a mask expands to all images, heads and queries, and how many keys it covers.
  fileprivate struct MaskLayout {
    let strides: [Int]
    let keys: Int

    func mask(_ view: TensorView?) -> Mask? { view.map { Mask($0, strides: strides, keys: keys) } }
  }

  /// The layout of a mask, where there is one.
  fileprivate func maskLayout(_ type: ValueType?) throws(OperatorError) -> MaskLayout? {
    guard let mask = type?.shape else { return nil }
    let covered = (mask.extents.last ?? 1) == 1 ? keys : mask[-1]
    let full = Shape([batch, heads, queries, min(covered, keys)])
    guard covered <= keys, mask.rank <= 4, mask.broadcast(with: full) == full else {
      throw .invalid("mask \(mask) does not fit \(Shape([batch, heads, queries, keys]))")
    }
    return MaskLayout(strides: mask.strides(expandedTo: full), keys: full[-1])
  }
}
