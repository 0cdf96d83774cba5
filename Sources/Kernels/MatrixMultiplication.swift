internal import CKernels

/// The matrix product every operator uses: C = activation(alpha · A · B + bias + residual).
///
/// Float32: own kernels on packed B. Each element is summed with k ascending in blocks of fixed depth by the same instructions wherever it
/// lies, so its bits depend on its row of A, its column of B and the processor level alone, never on m, n, batch or threads.
/// Float64: OpenBLAS in fixed row chunks, then the epilogue in plain Swift; independent of threads, not of m.
package enum MatrixMultiplication {
  /// Floats of scratch, 64-byte aligned, that `multiply` needs.
  ///
  /// `packsRight`: B is plain and packed by the call.
  package static func scratchCount(n: Int, k: Int, packsRight: Bool, options: KernelOptions) -> Int {
    let packed = packsRight ? paddedCount(PackedMatrix.count(k: k, n: n, level: options.level)) : 0
    return packed + options.threads * perWorkerCount(k: k, level: options.level)
  }

  /// Floats of scratch that `multiplyEach` needs.
  package static func scratchCountEach(n: Int, k: Int, options: KernelOptions) -> Int {
    options.threads
      * scratchCount(n: n, k: k, packsRight: true, options: KernelOptions(threads: 1, level: options.level))
  }

  /// Multiplies A [m, k] by B [k, n] into C [m, n], whose rows are `rowStride` apart.
  ///
  /// With k = 0 the sums are 0. C overlaps no input except as the epilogue says.
  package static func multiply(
    _ a: MatrixView<Float>, _ b: RightOperand, m: Int, n: Int, k: Int, into c: UnsafeMutablePointer<Float>,
    rowStride: Int, epilogue: MatrixEpilogue<Float> = unsafe MatrixEpilogue(alpha: 1),
    scratch: UnsafeMutablePointer<Float>, options: KernelOptions
  ) {
    unsafe multiply(
      a, patches: nil, b, m: m, n: n, k: k, into: c, rowStride: rowStride, epilogue: epilogue,
      scratch: scratch, options: options)
  }

  /// The same with A read from maps at `a`, where `patches` says how.
  static func multiply(
    _ a: MatrixView<Float>, patches: UnsafePointer<dka_patches>?, _ b: RightOperand, m: Int, n: Int, k: Int,
    into c: UnsafeMutablePointer<Float>, rowStride: Int, epilogue: MatrixEpilogue<Float>,
    scratch: UnsafeMutablePointer<Float>, options: KernelOptions
  ) {
    guard m > 0, n > 0 else { return }
    let level = options.level.rawValue
    var workerScratch = unsafe scratch
    let packed: UnsafePointer<Float>
    switch unsafe b {
    case .packed(let matrix):
      precondition(
        matrix.k == k && matrix.n == n && matrix.level == options.level, "packed for another product")
      unsafe packed = matrix.elements
    case .memory(let elements):
      unsafe packed = elements
    case .plain(let view):
      unsafe PackedMatrix.pack(view, k: k, n: n, into: scratch, options: options)
      unsafe packed = UnsafePointer(scratch)
      unsafe workerScratch += paddedCount(dka_packed_size(level, k, n))
    }
    var task = unsafe dka_gemm()
    unsafe task.m = m
    unsafe task.n = n
    unsafe task.k = k
    unsafe task.a = a.elements
    unsafe task.a_row_stride = a.rowStride
    unsafe task.a_column_stride = a.columnStride
    unsafe task.patches = patches
    unsafe task.packed_b = packed
    unsafe task.c = c
    unsafe task.c_row_stride = rowStride
    unsafe task.alpha = epilogue.alpha
    unsafe task.accumulate = epilogue.accumulates
    unsafe task.activation = epilogue.activation.rawValue
    unsafe task.lower = epilogue.lower
    unsafe task.upper = epilogue.upper
    unsafe task.bias = epilogue.bias
    unsafe task.row_bias = epilogue.rowBias
    unsafe task.residual = epilogue.residual
    unsafe task.residual_row_stride = epilogue.residualRowStride

    unsafe withUnsafePointer(to: &task) { task in
      unsafe compute(
        task, cut: Cut(m: m, n: n, k: k, options: options), scratch: workerScratch, options: options)
    }
  }

  /// Computes all parts of a product on the threads of `options`; `scratch` holds each worker's packed block of A.
  private static func compute(
    _ task: UnsafePointer<dka_gemm>, cut: Cut, scratch: UnsafeMutablePointer<Float>, options: KernelOptions
  ) {
    let level = options.level.rawValue
    let (m, n, k) = unsafe (task.pointee.m, task.pointee.n, task.pointee.k)
    let width = dka_gemm_tile_columns(level)
    let perWorker = perWorkerCount(k: k, level: options.level)
    let count = cut.rowParts * cut.columnParts
    unsafe withUnsafeTemporaryAllocation(of: dka_gemm_part.self, capacity: count) { buffer in
      for index in 0..<count {
        let rows = evenPart(index / cut.columnParts, of: cut.rowParts, count: m)
        let panels = evenPart(index % cut.columnParts, of: cut.columnParts, count: (n + width - 1) / width)
        unsafe buffer.initializeElement(
          at: index,
          to: dka_gemm_part(
            row_begin: rows.lowerBound, row_end: rows.upperBound, panel_begin: panels.lowerBound,
            panel_end: panels.upperBound, scratch: nil, open_panels: 0))
      }
      guard let parts = buffer.baseAddress else { return }
      // Items start in order: once one that helps runs, every part has its thread and no thread starts another, so the
      // scratch of all parts stays as it is (Decision 0015).
      let workers = min(options.threads, count)
      let helpers = workers > 1 ? workers : 0
      parallelFor(count + helpers, threads: workers) { item, worker in
        if item < count {
          unsafe parts[item].scratch = scratch + worker * perWorker
          unsafe dka_gemm_compute(level, task, parts + item)
        } else {
          for index in 0..<count { unsafe dka_gemm_help(level, task, parts + index) }
        }
      }
    }
  }

  /// One product of a batch.
  @unsafe
  package struct Item {
    package var a: MatrixView<Float>
    package var b: MatrixView<Float>
    package var c: UnsafeMutablePointer<Float>

    package init(a: MatrixView<Float>, b: MatrixView<Float>, c: UnsafeMutablePointer<Float>) {
      unsafe self.a = a
      unsafe self.b = b
      unsafe self.c = c
    }
  }

  /// Multiplies `count` pairs of equal shapes, each pair on one thread: activations by activations.
  package static func multiplyEach(
    _ count: Int, m: Int, n: Int, k: Int, rowStride: Int, epilogue: MatrixEpilogue<Float>,
    scratch: UnsafeMutablePointer<Float>, options: KernelOptions, item: (Int) -> Item
  ) {
    let single = KernelOptions(threads: 1, level: options.level)
    let perWorker = scratchCount(n: n, k: k, packsRight: true, options: single)
    parallelFor(count, threads: options.threads) { index, worker in
      let one = unsafe item(index)
      unsafe multiply(
        one.a, .plain(one.b), m: m, n: n, k: k, into: one.c, rowStride: rowStride, epilogue: epilogue,
        scratch: scratch + worker * perWorker, options: single)
    }
  }

  /// The Float64 product: OpenBLAS and the plain epilogue.
  package static func multiply(
    _ a: MatrixView<Double>, _ b: MatrixView<Double>, m: Int, n: Int, k: Int,
    into c: UnsafeMutablePointer<Double>, rowStride: Int,
    epilogue: MatrixEpilogue<Double> = unsafe MatrixEpilogue(alpha: 1), options: KernelOptions
  ) {
    guard m > 0, n > 0 else { return }
    let rows = BLAS.chunkRows
    parallelFor((m + rows - 1) / rows, threads: options.threads) { chunk, _ in
      let first = chunk * rows
      let count = min(rows, m - first)
      let part = unsafe MatrixView(
        a.elements + first * a.rowStride, rowStride: a.rowStride, columnStride: a.columnStride)
      unsafe BLAS.multiply(
        part, b, m: count, n: n, k: k, alpha: epilogue.alpha, beta: epilogue.accumulates ? 1 : 0,
        into: c + first * rowStride, rowStride: rowStride)
      unsafe epilogue.finish(
        c, rowStride: rowStride, rows: first..<first + count, columns: n)
    }
  }

  /// Floats of A's packed block, per worker.
  private static func perWorkerCount(k: Int, level: Processor.Level) -> Int {
    paddedCount(dka_gemm_scratch_size(level.rawValue, k))
  }

  private static func paddedCount(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  /// How a product is cut into parts; bits do not depend on it.
  private struct Cut {
    var rowParts = 1
    var columnParts = 1

    init(m: Int, n: Int, k: Int, options: KernelOptions) {
      let level = options.level.rawValue
      let height = dka_gemm_tile_rows(level)
      let width = dka_gemm_tile_columns(level)
      // A part below some four million operations does not repay waking a thread.
      let worthwhile = Double(m) * Double(n) * Double(k) * 2 / 4e6
      let workers = Int(min(Double(options.threads), max(worthwhile, 1)))
      guard workers > 1 else { return }
      if m >= workers * 4 * 24 * height {
        // Enough rows for parts that one thread can take over from another that is held up.
        rowParts = workers * 4
      } else if m >= workers * 4 * height || columnBalance(n, workers, width: width) < 0.9 {
        // Each thread packs its own rows of A once; cut by columns every thread packs all of them.
        rowParts = workers
      } else {
        columnParts = workers
      }
    }

    /// The share of the time that the threads work when panels of `width` columns are dealt out to them.
    private func columnBalance(_ count: Int, _ workers: Int, width: Int) -> Double {
      let panels = (count + width - 1) / width
      let largest = (panels + workers - 1) / workers * width
      return Double(count) / Double(workers * largest)
    }
  }
}
