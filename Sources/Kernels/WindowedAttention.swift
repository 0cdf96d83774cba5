package import Tensors

/// Attention over strided windows: the fast kernel in Float32 where channels lie side by side, else the plain one.
package enum WindowedAttention {
  /// Bytes of scratch memory.
  package static func scratchByteCount(
    _ geometry: AttentionGeometry, _ type: ElementType, backward: Bool, _ options: KernelOptions
  ) -> Int {
    guard isFast(geometry, type) else { return 0 }
    return unsafe Attention.scratchCount(sizes(geometry), backward: backward, options: options) * 4
  }

  /// Y and, where wanted, the logs of the sums [batch, heads, queries].
  package static func forward(
    q: TensorView, k: TensorView, v: TensorView, mask: TensorView?, _ geometry: AttentionGeometry,
    into y: TensorView, logSumExp: TensorView?, scratch: TensorView?, _ options: KernelOptions
  ) {
    guard isFast(geometry, y.elementType), let scratch else {
      AttentionReference.forward(q: q, k: k, v: v, mask: mask, geometry, into: y, logSumExp: logSumExp)
      return
    }
    let attention = unsafe attention(q, k, v, mask, geometry)
    unsafe attention.forward(
      into: y.words(Float.self) + geometry.output.offset, layout: layout(geometry.output),
      logSums: logSumExp?.words(Float.self), scratch: scratch.pointer.assumingMemoryBound(to: Float.self),
      options: options)
  }

  /// The gradients of Q, K and V in the operands' layouts; nil where not wanted.
  ///
  /// What the windows leave out must be zero before, and the windows must not overlap.
  package static func backward(
    q: TensorView, k: TensorView, v: TensorView, mask: TensorView?, y: TensorView, dy: TensorView,
    logSumExp: TensorView, _ geometry: AttentionGeometry, dq: TensorView?, dk: TensorView?, dv: TensorView?,
    scratch: TensorView?, _ options: KernelOptions
  ) {
    guard isFast(geometry, y.elementType), let scratch else {
      AttentionReference.backward(
        q: q, k: k, v: v, mask: mask, y: y, dy: dy, logSumExp: logSumExp, geometry, dq: dq, dk: dk, dv: dv)
      return
    }
    let attention = unsafe attention(q, k, v, mask, geometry)
    let outputs = unsafe (
      output(dq, geometry.query), output(dk, geometry.key), output(dv, geometry.value)
    )
    let start = geometry.output.offset
    unsafe attention.backward(
      out: y.words(Float.self) + start, outLayout: layout(geometry.output),
      outGradient: dy.words(Float.self) + start, gradientLayout: layout(geometry.output),
      logSums: logSumExp.words(Float.self), q: outputs.0, k: outputs.1, v: outputs.2,
      scratch: scratch.pointer.assumingMemoryBound(to: Float.self), options: options)
  }

  /// Whether the fast kernel computes an attention: in Float32 with channels side by side.
  package static func isFast(_ g: AttentionGeometry, _ type: ElementType) -> Bool {
    let hasDenseChannels =
      (g.channels == 1 || (g.query.channel == 1 && g.key.channel == 1))
      && (g.valueChannels == 1 || (g.value.channel == 1 && g.output.channel == 1))
    return type == .float32 && hasDenseChannels
  }

  private static func sizes(_ g: AttentionGeometry) -> Attention.Sizes {
    Attention.Sizes(
      images: g.batch, heads: g.heads, queries: g.queries, keys: g.keys, headSize: g.channels,
      valueSize: g.valueChannels, rows: g.rows)
  }

  private static func layout(_ view: AttentionGeometry.View) -> Attention.Layout {
    Attention.Layout(imageStride: view.batch, headStride: view.head, rowStride: view.token)
  }

  private static func output(_ target: TensorView?, _ view: AttentionGeometry.View) -> Attention.Output? {
    guard let target else { return nil }
    return unsafe Attention.Output(target.words(Float.self) + view.offset, layout(view))
  }

  private static func attention(
    _ q: TensorView, _ k: TensorView, _ v: TensorView, _ mask: TensorView?, _ g: AttentionGeometry
  ) -> Attention {
    var added: Attention.Mask?
    if let mask, let view = g.mask {
      unsafe added = Attention.Mask(
        mask.words(Float.self) + view.offset, imageStride: view.batch, headStride: view.head,
        rowStride: view.token, columnStride: view.channel, kinds: g.maskKinds)
    }
    return unsafe Attention(
      sizes: sizes(g), scale: Float(g.scale), headScales: g.headScales,
      q: q.words(Float.self) + g.query.offset,
      qLayout: layout(g.query),
      k: k.words(Float.self) + g.key.offset, kLayout: layout(g.key), v: v.words(Float.self) + g.value.offset,
      vLayout: layout(g.value), mask: added)
  }
}
