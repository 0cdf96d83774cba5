package import Tensors

/// Attention of queries to keys, head by head, forward and backward.
///
///     s = scale · q · kᵀ + mask          p = softmax(s)          y = p · v
///     dv = pᵀ · dy          dp = dy · vᵀ          ds = p · (dp − Σ dp · p)          dq = scale · ds · k          dk = scale · dsᵀ · q
///
/// Shapes, per image and head: q [N, d], k [M, d], v [M, e] → y [N, e]. A query without any key gets zero.
package struct ScaledDotProduct: Sendable {
  /// Sizes; several query heads may share one key head.
  package let batch: Int
  package let heads: Int
  package let keyHeads: Int
  package let queries: Int
  package let keys: Int
  package let depth: Int
  package let valueDepth: Int
  /// Whether heads lie side by side in each row ([B, N, h · d]) and not one after the other ([B, h, N, d]).
  package let isInterleaved: Bool
  /// Factor of the products.
  package let scale: Double
  /// Whether query i sees keys up to i only.
  package let isCausal: Bool

  /// Attention of the given sizes.
  package init(
    batch: Int, heads: Int, keyHeads: Int, queries: Int, keys: Int, depth: Int, valueDepth: Int,
    isInterleaved: Bool, scale: Double, isCausal: Bool
  ) {
    self.batch = batch
    self.heads = heads
    self.keyHeads = keyHeads
    self.queries = queries
    self.keys = keys
    self.depth = depth
    self.valueDepth = valueDepth
    self.isInterleaved = isInterleaved
    self.scale = scale
    self.isCausal = isCausal
  }

  /// A mask with strides per image, head, query and key, and the number of keys it covers.
  package struct Mask {
    let view: TensorView
    let strides: [Int]
    let keys: Int
    var isAdded: Bool { view.elementType != .bool }

    /// A mask that is added to the scores, or of truth values that say which keys count.
    package init(_ view: TensorView, strides: [Int], keys: Int) {
      self.view = view
      self.strides = strides
      self.keys = keys
    }
  }

  /// Bytes of scratch memory that forward or backward needs.
  package func scratchByteCount(_ type: ElementType, backward: Bool, _ options: KernelOptions) -> Int {
    let single = KernelOptions(threads: 1, level: options.level)
    let plain = options.threads * workerByteCount(type, backward: backward, single)
    guard type == .float32, !backward, heads == keyHeads, !isCausal else { return plain }
    // A mask of truth values takes the plain way.
    return max(plain, unsafe Attention.scratchCount(sizes, backward: false, options: options) * 4)
  }

  private var sizes: Attention.Sizes {
    Attention.Sizes(
      images: batch, heads: heads, queries: queries, keys: keys, headSize: depth, valueSize: valueDepth)
  }

  /// Bytes of one or two score matrices, a multiple of 64.
  private func matricesByteCount(_ type: ElementType, backward: Bool) -> Int {
    (queries * keys * (backward ? 2 : 1) * (type.byteCount(of: 1) ?? 0) + 63) / 64 * 64
  }

  private func workerByteCount(_ type: ElementType, backward: Bool, _ options: KernelOptions) -> Int {
    let sizes = [
      Product.Size(m: queries, n: keys, k: max(depth, valueDepth)),
      Product.Size(m: queries, n: max(depth, valueDepth), k: keys),
      Product.Size(m: keys, n: max(depth, valueDepth), k: queries),
    ]
    let packing = sizes.map { Product.scratchByteCount($0, type, options) }.max() ?? 0
    return matricesByteCount(type, backward: backward) + packing
  }

  /// Computes y.
  package func forward(
    _ q: TensorView, _ k: TensorView, _ v: TensorView, mask: Mask?, into y: TensorView, scratch: TensorView,
    _ options: KernelOptions
  ) {
    switch q.elementType {
    case .float32 where heads == keyHeads && !isCausal && mask.map({ $0.isAdded && $0.keys == keys }) ?? true:
      striped(q, k, v, mask, y, scratch, options)
    case .float32: forward(q, k, v, mask, y, scratch, options, Float.self)
    default: forward(q, k, v, mask, y, scratch, options, Double.self)
    }
  }

  /// Computes the gradients that are wanted.
  package func backward(
    _ dY: TensorView, _ q: TensorView, _ k: TensorView, _ v: TensorView, mask: Mask?,
    into dQ: TensorView?, _ dK: TensorView?, _ dV: TensorView?, scratch: TensorView,
    _ options: KernelOptions
  ) {
    let gradients = Gradients(dQ: dQ, dK: dK, dV: dV)
    switch q.elementType {
    case .float32: backward(dY, q, k, v, mask, gradients, scratch, options, Float.self)
    default: backward(dY, q, k, v, mask, gradients, scratch, options, Double.self)
    }
  }

  private struct Gradients {
    let dQ: TensorView?
    let dK: TensorView?
    let dV: TensorView?
  }

  /// Stripes of queries whose scores stay in the caches.
  private func striped(
    _ q: TensorView, _ k: TensorView, _ v: TensorView, _ mask: Mask?, _ y: TensorView,
    _ scratch: TensorView, _ options: KernelOptions
  ) {
    func layout(_ rows: Int, _ size: Int) -> Attention.Layout {
      isInterleaved
        ? .tokens(rows: rows, heads: heads, size: size) : .heads(rows: rows, heads: heads, size: size)
    }
    let added = unsafe mask.map { mask in
      unsafe Attention.Mask(
        mask.view.words(Float.self), imageStride: mask.strides[0], headStride: mask.strides[1],
        rowStride: mask.strides[2], columnStride: mask.strides[3])
    }
    let task = unsafe Attention(
      sizes: sizes, scale: Float(scale), q: q.words(Float.self), qLayout: layout(queries, depth),
      k: k.words(Float.self), kLayout: layout(keys, depth), v: v.words(Float.self),
      vLayout: layout(keys, valueDepth), mask: added)
    unsafe task.forward(
      into: y.words(Float.self), layout: layout(queries, valueDepth), scratch: scratch.words(Float.self),
      options: options)
  }

  private func forward<Element: RealNumber>(
    _ q: TensorView, _ k: TensorView, _ v: TensorView, _ mask: Mask?, _ y: TensorView,
    _ scratch: TensorView, _ options: KernelOptions, _ type: Element.Type
  ) {
    let single = KernelOptions(threads: 1, level: options.level)
    let perWorker = workerByteCount(type.elementType, backward: false, single)
    parallelFor(batch * heads, threads: options.threads) { item, worker in
      let (image, head) = (item / heads, item % heads)
      let keyHead = head / (heads / keyHeads)
      let memory = unsafe scratch.pointer + worker * perWorker
      let p = unsafe memory.assumingMemoryBound(to: type)
      let workspace = unsafe Product.Workspace(
        memory + matricesByteCount(type.elementType, backward: false), single)
      unsafe probabilities(
        matrix(q, image, head, heads, queries, depth), matrix(k, image, keyHead, keyHeads, keys, depth), mask,
        image, head, into: p, workspace)
      let values: StridedMatrix<Element> = unsafe matrix(v, image, keyHead, keyHeads, keys, valueDepth)
      let result: StridedMatrix<Element> = unsafe matrix(y, image, head, heads, queries, valueDepth)
      unsafe Product.multiply(
        StridedMatrix(p, rowStride: keys, columnStride: 1), values, into: result.base,
        rowStride: result.rowStride, Product.Size(m: queries, n: valueDepth, k: keys), accumulates: false,
        workspace)
    }
  }

  private func backward<Element: RealNumber>(
    _ dY: TensorView, _ q: TensorView, _ k: TensorView, _ v: TensorView, _ mask: Mask?,
    _ gradients: Gradients, _ scratch: TensorView, _ options: KernelOptions, _ type: Element.Type
  ) {
    let single = KernelOptions(threads: 1, level: options.level)
    let perWorker = workerByteCount(type.elementType, backward: true, single)
    let sharing = heads / keyHeads
    parallelFor(batch * keyHeads, threads: options.threads) { item, worker in
      let memory = unsafe scratch.pointer + worker * perWorker
      let p = unsafe memory.assumingMemoryBound(to: type)
      let workspace = unsafe Product.Workspace(
        memory + matricesByteCount(type.elementType, backward: true), single)
      let image = item / keyHeads
      for head in (item % keyHeads * sharing)..<((item % keyHeads + 1) * sharing) {
        unsafe backward(dY, q, k, v, mask, gradients, image, head, p, workspace)
      }
    }
  }

  /// The gradients of one head; the first query head of a key head sets that one's, the others add to them.
  private func backward<Element: RealNumber>(
    _ dY: TensorView, _ q: TensorView, _ k: TensorView, _ v: TensorView, _ mask: Mask?,
    _ gradients: Gradients, _ image: Int, _ head: Int, _ p: UnsafeMutablePointer<Element>,
    _ workspace: Product.Workspace
  ) {
    let ds = unsafe p + queries * keys
    let keyHead = head / (heads / keyHeads)
    let adds = head % (heads / keyHeads) != 0
    let query: StridedMatrix<Element> = unsafe matrix(q, image, head, heads, queries, depth)
    let key: StridedMatrix<Element> = unsafe matrix(k, image, keyHead, keyHeads, keys, depth)
    let value: StridedMatrix<Element> = unsafe matrix(v, image, keyHead, keyHeads, keys, valueDepth)
    let upstream: StridedMatrix<Element> = unsafe matrix(dY, image, head, heads, queries, valueDepth)
    unsafe probabilities(query, key, mask, image, head, into: p, workspace)
    if let dV = gradients.dV {
      let target: StridedMatrix<Element> = unsafe matrix(dV, image, keyHead, keyHeads, keys, valueDepth)
      unsafe Product.multiply(
        StridedMatrix(p, rowStride: 1, columnStride: keys), upstream, into: target.base,
        rowStride: target.rowStride, Product.Size(m: keys, n: valueDepth, k: queries), accumulates: adds,
        workspace)
    }
    guard gradients.dQ != nil || gradients.dK != nil else { return }
    unsafe Product.multiply(
      upstream, StridedMatrix(value.base, rowStride: 1, columnStride: value.rowStride), into: ds,
      rowStride: keys, Product.Size(m: queries, n: keys, k: valueDepth), accumulates: false, workspace)
    unsafe softmaxGradient(p, ds)
    if let dQ = gradients.dQ {
      let target: StridedMatrix<Element> = unsafe matrix(dQ, image, head, heads, queries, depth)
      unsafe Product.multiply(
        StridedMatrix(ds, rowStride: keys, columnStride: 1), key, into: target.base,
        rowStride: target.rowStride, Product.Size(m: queries, n: depth, k: keys), accumulates: false,
        workspace)
    }
    if let dK = gradients.dK {
      let target: StridedMatrix<Element> = unsafe matrix(dK, image, keyHead, keyHeads, keys, depth)
      unsafe Product.multiply(
        StridedMatrix(ds, rowStride: 1, columnStride: keys), query, into: target.base,
        rowStride: target.rowStride, Product.Size(m: keys, n: depth, k: queries), accumulates: adds, workspace
      )
    }
  }

  /// ds = scale · p · (dp − Σ dp · p), in the place of dp.
  private func softmaxGradient<Element: RealNumber>(
    _ p: UnsafeMutablePointer<Element>, _ ds: UnsafeMutablePointer<Element>
  ) {
    let factor = Element(scale)
    for row in 0..<queries {
      let probabilities = unsafe p + row * keys
      let line = unsafe ds + row * keys
      var sum: Element = 0
      for j in 0..<keys { unsafe sum += probabilities[j] * line[j] }
      for j in 0..<keys { unsafe line[j] = factor * probabilities[j] * (line[j] - sum) }
    }
  }

  /// The softmax of one head's masked scores.
  private func probabilities<Element: RealNumber>(
    _ q: StridedMatrix<Element>, _ k: StridedMatrix<Element>, _ mask: Mask?, _ image: Int, _ head: Int,
    into p: UnsafeMutablePointer<Element>, _ workspace: Product.Workspace
  ) {
    unsafe Product.multiply(
      q, StridedMatrix(k.base, rowStride: 1, columnStride: k.rowStride), into: p, rowStride: keys,
      Product.Size(m: queries, n: keys, k: depth), accumulates: false, workspace)
    let factor = Element(scale)
    for row in 0..<queries {
      let line = unsafe p + row * keys
      for j in 0..<keys { unsafe line[j] *= factor }
      if let mask { unsafe apply(mask, image, head, row, line) }
      if isCausal { for j in min(row + 1, keys)..<keys { unsafe line[j] = -.infinity } }
      unsafe softmax(line)
    }
  }

  private func apply<Element: RealNumber>(
    _ mask: Mask, _ image: Int, _ head: Int, _ row: Int, _ line: UnsafeMutablePointer<Element>
  ) {
    let start = image * mask.strides[0] + head * mask.strides[1] + row * mask.strides[2]
    let step = mask.strides[3]
    if mask.view.elementType == .bool {
      let allowed = unsafe mask.view.pointer.assumingMemoryBound(to: UInt8.self) + start
      for j in 0..<mask.keys where unsafe allowed[j * step] == 0 { unsafe line[j] = -.infinity }
    } else {
      let added = unsafe mask.view.pointer.assumingMemoryBound(to: Element.self) + start
      for j in 0..<mask.keys { unsafe line[j] += added[j * step] }
    }
    for j in mask.keys..<keys { unsafe line[j] = -.infinity }
  }

  private func softmax<Element: RealNumber>(_ line: UnsafeMutablePointer<Element>) {
    var largest = -Element.infinity
    for j in 0..<keys {
      let score = unsafe line[j]
      // NaN wins, so that a row of nothing else does not pass for one without keys.
      if score > largest || score != score { largest = score }
    }
    guard largest != -.infinity else {
      unsafe line.update(repeating: 0, count: keys)
      return
    }
    var sum: Element = 0
    for j in 0..<keys {
      let value = unsafe Element.exponential(line[j] - largest)
      unsafe line[j] = value
      sum += value
    }
    let inverse = 1 / sum
    for j in 0..<keys { unsafe line[j] *= inverse }
  }

  /// One head of an operand.
  private func matrix<Element: Scalar>(
    _ view: TensorView, _ image: Int, _ head: Int, _ heads: Int, _ rows: Int, _ width: Int
  ) -> StridedMatrix<Element> {
    let base = unsafe view.pointer.assumingMemoryBound(to: Element.self)
    guard isInterleaved else {
      return unsafe StridedMatrix(
        base + (image * heads + head) * rows * width, rowStride: width, columnStride: 1)
    }
    return unsafe StridedMatrix(
      base + image * rows * heads * width + head * width, rowStride: heads * width, columnStride: 1)
  }
}
