internal import CKernels

/// Scaled dot-product attention: softmax(scale · Q · Kᵀ + mask) · V for each image and head.
///
/// Operands are read where they lie, by strides, so that packed qkv [B, N, 3, h, d] and three tensors [B, N, C] need no copy.
/// The softmax is the exact one of whole rows; scores are made in stripes of query rows that stay in the caches.
/// Each (image, head) is one thread's, so bits do not depend on threads or batch.
@unsafe
package struct Attention {
  /// Where an operand lies: element (image, head, row, i) at image · imageStride + head · headStride + row · rowStride + i.
  package struct Layout: Sendable {
    package var imageStride: Int
    package var headStride: Int
    package var rowStride: Int

    package init(imageStride: Int, headStride: Int, rowStride: Int) {
      self.imageStride = imageStride
      self.headStride = headStride
      self.rowStride = rowStride
    }

    /// A tensor [B, rows, heads · size], as projections make it.
    package static func tokens(rows: Int, heads: Int, size: Int) -> Layout {
      Layout(imageStride: rows * heads * size, headStride: size, rowStride: heads * size)
    }

    /// One of the three parts of [B, rows, 3, heads, size]; add heads · size to the pointer for keys, twice that for values.
    package static func packed(rows: Int, heads: Int, size: Int) -> Layout {
      Layout(imageStride: rows * 3 * heads * size, headStride: size, rowStride: 3 * heads * size)
    }

    /// A tensor [B, heads, rows, size].
    package static func heads(rows: Int, heads: Int, size: Int) -> Layout {
      Layout(imageStride: heads * rows * size, headStride: rows * size, rowStride: size)
    }
  }

  /// An additive mask; strides of 0 repeat it over images, heads, queries or keys.
  @unsafe
  package struct Mask {
    package var elements: UnsafePointer<Float>
    package var imageStride: Int
    package var headStride: Int
    package var rowStride: Int
    package var columnStride: Int
    /// Which mask image i has: `kinds[i % kinds.count]`; it is mask i where this is empty.
    package var kinds: [UInt32]

    package init(
      _ elements: UnsafePointer<Float>, imageStride: Int, headStride: Int, rowStride: Int, columnStride: Int,
      kinds: [UInt32] = []
    ) {
      unsafe self.elements = elements
      unsafe self.imageStride = imageStride
      unsafe self.headStride = headStride
      unsafe self.rowStride = rowStride
      unsafe self.columnStride = columnStride
      unsafe self.kinds = kinds
    }
  }

  /// Sizes of one call.
  package struct Sizes: Sendable {
    package var images: Int
    package var heads: Int
    package var queries: Int
    package var keys: Int
    /// Length of a query and of a key.
    package var headSize: Int
    /// Length of a value.
    package var valueSize: Int
    /// Where the images are windows of larger ones: the row of its image in which row n of window w lies, at w · queries + n.
    ///
    /// A layout's strides of images and rows are those of the larger images then. Empty without windows.
    package var rows: [UInt32]

    package init(
      images: Int, heads: Int, queries: Int, keys: Int, headSize: Int, valueSize: Int, rows: [UInt32] = []
    ) {
      self.images = images
      self.heads = heads
      self.queries = queries
      self.keys = keys
      self.headSize = headSize
      self.valueSize = valueSize
      self.rows = rows
    }
  }

  package let sizes: Sizes
  private let headScales: [Float]
  private let maskKinds: [UInt32]
  private var task: dka_attention

  /// Attention of operands; `headScales` replaces `scale` head by head where it is not empty.
  package init(
    sizes: Sizes, scale: Float, headScales: [Float] = [], q: UnsafePointer<Float>, qLayout: Layout,
    k: UnsafePointer<Float>,
    kLayout: Layout, v: UnsafePointer<Float>, vLayout: Layout, mask: Mask? = nil
  ) {
    unsafe self.sizes = sizes
    unsafe self.headScales = headScales
    unsafe maskKinds = mask?.kinds ?? []
    unsafe task = unsafe Self.task(sizes)
    unsafe task.q = Self.view(q, qLayout)
    unsafe task.k = Self.view(k, kLayout)
    unsafe task.v = Self.view(v, vLayout)
    unsafe task.scale = scale
    if let mask = unsafe mask {
      unsafe task.mask = mask.elements
      unsafe task.mask_image_stride = mask.imageStride
      unsafe task.mask_head_stride = mask.headStride
      unsafe task.mask_row_stride = mask.rowStride
      unsafe task.mask_column_stride = mask.columnStride
    }
  }

  /// Floats of scratch, 64-byte aligned, that a call needs.
  package static func scratchCount(_ sizes: Sizes, backward: Bool, options: KernelOptions) -> Int {
    let task = unsafe task(sizes)
    return unsafe withLists(of: task, rows: sizes.rows) { task in
      unsafe options.threads * perWorkerCount(task, backward: backward, options: options)
    }
  }

  /// Writes the attention; `logSums` [images, heads, queries] keeps ln Σ exp(score) for `backward`.
  package func forward(
    into out: UnsafeMutablePointer<Float>, layout: Layout, logSums: UnsafeMutablePointer<Float>? = nil,
    scratch: UnsafeMutablePointer<Float>, options: KernelOptions
  ) {
    let (sizes, result) = unsafe (sizes, Self.output(out, layout))
    unsafe withTask { task in
      let perWorker = unsafe Self.perWorkerCount(task, backward: false, options: options)
      parallelFor(sizes.images * sizes.heads, threads: options.threads) { item, worker in
        unsafe dka_attention_forward(
          options.level.rawValue, task, result, logSums, item / sizes.heads, item % sizes.heads,
          scratch + worker * perWorker)
      }
    }
  }

  /// A gradient to write, over what it held.
  @unsafe
  package struct Output {
    package var elements: UnsafeMutablePointer<Float>
    package var layout: Layout

    package init(_ elements: UnsafeMutablePointer<Float>, _ layout: Layout) {
      unsafe self.elements = elements
      unsafe self.layout = layout
    }
  }

  /// Writes the gradients that are asked for, from the forward result, its gradient and its `logSums`.
  ///
  ///     P = exp(S − logSums)    dV = Pᵀ · dO    dS = P ∘ (dO · Vᵀ − rowsum(dO ∘ O))    dQ = scale · dS · K    dK = scale · dSᵀ · Q
  package func backward(
    out: UnsafePointer<Float>, outLayout: Layout, outGradient: UnsafePointer<Float>, gradientLayout: Layout,
    logSums: UnsafePointer<Float>, q: Output?, k: Output?, v: Output?, scratch: UnsafeMutablePointer<Float>,
    options: KernelOptions
  ) {
    let sizes = unsafe sizes
    let (result, gradient) = unsafe (Self.view(out, outLayout), Self.view(outGradient, gradientLayout))
    let (dq, dk, dv) = unsafe (Self.output(q), Self.output(k), Self.output(v))
    unsafe withTask { task in
      let perWorker = unsafe Self.perWorkerCount(task, backward: true, options: options)
      parallelFor(sizes.images * sizes.heads, threads: options.threads) { item, worker in
        unsafe dka_attention_backward(
          options.level.rawValue, task, result, gradient, logSums, dq, dk, dv, item / sizes.heads,
          item % sizes.heads, scratch + worker * perWorker)
      }
    }
  }

  private func withTask<Result>(_ body: (UnsafePointer<dka_attention>) -> Result) -> Result {
    unsafe Self.withLists(
      of: task, rows: sizes.rows, headScales: headScales, maskKinds: maskKinds, body)
  }

  /// A task that points to the lists it needs, while `body` runs.
  private static func withLists<Result>(
    of task: dka_attention, rows: [UInt32], headScales: [Float] = [], maskKinds: [UInt32] = [],
    _ body: (UnsafePointer<dka_attention>) -> Result
  ) -> Result {
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe headScales.withUnsafeBufferPointer { headScales in
        unsafe maskKinds.withUnsafeBufferPointer { kinds in
          var task = unsafe task
          if !rows.isEmpty {
            unsafe task.rows = rows.baseAddress
            unsafe task.windows = rows.count / task.queries
          }
          if !headScales.isEmpty { unsafe task.head_scales = headScales.baseAddress }
          if !kinds.isEmpty {
            unsafe task.mask_kinds = kinds.baseAddress
            unsafe task.mask_period = kinds.count
          }
          return unsafe withUnsafePointer(to: &task, body)
        }
      }
    }
  }

  private static func task(_ sizes: Sizes) -> dka_attention {
    var task = unsafe dka_attention()
    unsafe task.heads = sizes.heads
    unsafe task.queries = sizes.queries
    unsafe task.keys = sizes.keys
    unsafe task.head_size = sizes.headSize
    unsafe task.value_size = sizes.valueSize
    return unsafe task
  }

  private static func perWorkerCount(
    _ task: UnsafePointer<dka_attention>, backward: Bool, options: KernelOptions
  ) -> Int {
    unsafe (dka_attention_scratch(options.level.rawValue, task, backward) + 15) / 16 * 16
  }

  private static func view(_ data: UnsafePointer<Float>, _ layout: Layout) -> dka_attention_view {
    unsafe dka_attention_view(
      data: data, image_stride: layout.imageStride, head_stride: layout.headStride,
      row_stride: layout.rowStride)
  }

  private static func output(_ data: UnsafeMutablePointer<Float>?, _ layout: Layout) -> dka_attention_output {
    unsafe dka_attention_output(
      data: data, image_stride: layout.imageStride, head_stride: layout.headStride,
      row_stride: layout.rowStride)
  }

  private static func output(_ output: Output?) -> dka_attention_output {
    guard let output = unsafe output else { return unsafe dka_attention_output() }
    return unsafe Self.output(output.elements, output.layout)
  }
}
