import CKernels
import Dispatch
import Kernels
import Synchronization
import Tensors
import Testing

/// Runs one Float32 product with scratch of its own.
func product(
  _ a: MatrixView<Float>, _ b: RightOperand, m: Int, n: Int, k: Int, into c: AlignedBuffer<Float>,
  rowStride: Int, epilogue: MatrixEpilogue<Float> = unsafe MatrixEpilogue(alpha: 1), options: KernelOptions
) {
  let scratch = AlignedBuffer<Float>(
    MatrixMultiplication.scratchCount(n: n, k: k, packsRight: true, options: options))
  unsafe MatrixMultiplication.multiply(
    a, b, m: m, n: n, k: k, into: c.pointer, rowStride: rowStride, epilogue: epilogue,
    scratch: scratch.pointer,
    options: options)
}

/// The largest error of C against Double sums, in units of 2⁻²⁴ · Σ |a · b|.
func worstError(
  _ c: AlignedBuffer<Float>, rowStride: Int, _ a: AlignedBuffer<Float>, _ aStrides: (Int, Int),
  _ b: AlignedBuffer<Float>, _ bStrides: (Int, Int), m: Int, n: Int, k: Int
) -> Double {
  var worst = 0.0
  for i in 0..<m {
    for j in 0..<n {
      var (sum, size) = (0.0, 1e-30)
      for depth in 0..<k {
        let term =
          Double(a[i * aStrides.0 + depth * aStrides.1]) * Double(b[depth * bStrides.0 + j * bStrides.1])
        sum += term
        size += abs(term)
      }
      worst = max(worst, abs(Double(c[i * rowStride + j]) - sum) / (size * 0x1p-24))
    }
  }
  return worst
}

/// A product and its only part, where two threads see them.
///
/// `@unchecked Sendable`: the kernels say which threads may use a part at once.
@safe
final class SharedPart: @unchecked Sendable {
  let product: UnsafeMutablePointer<dka_gemm>
  let part: UnsafeMutablePointer<dka_gemm_part>
  let isFinished = Atomic(false)

  init(product: dka_gemm, part: dka_gemm_part) {
    unsafe self.product = .allocate(capacity: 1)
    unsafe self.part = .allocate(capacity: 1)
    unsafe self.product.initialize(to: product)
    unsafe self.part.initialize(to: part)
  }

  deinit {
    unsafe product.deallocate()
    unsafe part.deallocate()
  }
}

@Suite struct MatrixMultiplicationTests {
  @Test(arguments: Processor.availableLevels())
  func `products of odd shapes agree with sums in Double`(level: Processor.Level) throws {
    var numbers = Numbers(seed: 1)
    let options = KernelOptions(threads: 1, level: level)
    for k in [0, 1, 2, 16, 257, 769] {
      let a: AlignedBuffer<Float> = numbers.buffer(17 * k)
      let b: AlignedBuffer<Float> = numbers.buffer(k * 35)
      for m in [1, 3, 5, 7, 17] {
        for n in [1, 3, 16, 35] {
          let matrix = try unsafe PackedMatrix(
            MatrixView(b.reading, rowStride: n), k: k, n: n, options: options)
          let c = AlignedBuffer<Float>(m * n)
          unsafe product(
            MatrixView(a.reading, rowStride: k), .packed(matrix), m: m, n: n, k: k, into: c, rowStride: n,
            options: options)
          // Rounding errors of one sign would grow with k, random ones with its root.
          let error = worstError(c, rowStride: n, a, (k, 1), b, (n, 1), m: m, n: n, k: k)
          #expect(error <= 4, "m \(m), n \(n), k \(k)")
        }
      }
    }
  }

  /// With 37 columns A is read where it lies, with 101 it is packed.
  @Test(arguments: Processor.availableLevels(), [37, 101])
  func `every pair of storage orders gives the same bits and leaves the gaps of C alone`(
    level: Processor.Level, n: Int
  ) {
    var numbers = Numbers(seed: 2)
    let (m, k, stride) = (23, 270, 120)
    let a: AlignedBuffer<Float> = numbers.buffer(m * k)
    let b: AlignedBuffer<Float> = numbers.buffer(k * n)
    let aAcross = AlignedBuffer<Float>(m * k) { a[$0 % m * k + $0 / m] }
    let bAcross = AlignedBuffer<Float>(k * n) { b[$0 % k * n + $0 / k] }
    let aWide = AlignedBuffer<Float>(m * k * 3) { $0 % 3 == 0 ? a[$0 / 3] : .nan }
    let options = KernelOptions(threads: 2, level: level)
    var results: [[Float]] = []
    unsafe results = [
      MatrixView(a.reading, rowStride: k), MatrixView(aAcross.reading, rowStride: 1, columnStride: m),
      MatrixView(aWide.reading, rowStride: 3 * k, columnStride: 3),
    ].flatMap { left in
      unsafe [
        MatrixView(b.reading, rowStride: n), MatrixView(bAcross.reading, rowStride: 1, columnStride: k),
      ].map { right in
        let c = AlignedBuffer<Float>(m * stride) { _ in 7 }
        unsafe product(left, .plain(right), m: m, n: n, k: k, into: c, rowStride: stride, options: options)
        return c.values
      }
    }
    #expect(results.allSatisfy { $0 == results[0] })
    #expect((0..<m).allSatisfy { row in (n..<stride).allSatisfy { results[0][row * stride + $0] == 7 } })
    let c = AlignedBuffer<Float>(m * stride) { results[0][$0] }
    #expect(worstError(c, rowStride: stride, a, (k, 1), b, (n, 1), m: m, n: n, k: k) <= 4)
  }

  @Test(arguments: Processor.availableLevels())
  func `bits do not depend on threads, on the rows beside, or on the columns beside`(level: Processor.Level)
    throws
  {
    var numbers = Numbers(seed: 3)
    // Several blocks of rows and of k at every level.
    let (m, n, k) = (431, 131, 400)
    let a: AlignedBuffer<Float> = numbers.buffer(m * k)
    let b: AlignedBuffer<Float> = numbers.buffer(k * n)
    let one = KernelOptions(threads: 1, level: level)
    let matrix = try unsafe PackedMatrix(MatrixView(b.reading, rowStride: n), k: k, n: n, options: one)
    let whole = AlignedBuffer<Float>(m * n)
    unsafe product(
      MatrixView(a.reading, rowStride: k), .packed(matrix), m: m, n: n, k: k, into: whole, rowStride: n,
      options: one)
    for threads in [2, 3, 4] {
      let c = AlignedBuffer<Float>(m * n)
      unsafe product(
        MatrixView(a.reading, rowStride: k), .packed(matrix), m: m, n: n, k: k, into: c, rowStride: n,
        options: KernelOptions(threads: threads, level: level))
      #expect(c.values == whole.values, "\(threads) threads")
    }
    for rows in [0..<1, 5..<12, 64..<128, 200..<431] {
      let c = AlignedBuffer<Float>(rows.count * n)
      unsafe product(
        MatrixView(a.reading + rows.lowerBound * k, rowStride: k), .packed(matrix), m: rows.count, n: n, k: k,
        into: c, rowStride: n, options: one)
      #expect(c.values == Array(whole.values[rows.lowerBound * n..<rows.upperBound * n]), "rows \(rows)")
    }
    // Few columns take the path that reads A where it lies.
    for columns in [0..<16, 30..<35, 130..<131] {
      let c = AlignedBuffer<Float>(m * columns.count)
      unsafe product(
        MatrixView(a.reading, rowStride: k),
        .plain(MatrixView(b.reading + columns.lowerBound, rowStride: n)), m: m, n: columns.count, k: k,
        into: c,
        rowStride: columns.count, options: one)
      let expected = (0..<m).flatMap { row in columns.map { whole[row * n + $0] } }
      #expect(c.values == expected, "columns \(columns)")
    }
  }

  @Test(arguments: Processor.availableLevels())
  func `another thread's help with the last panels changes no bits`(level: Processor.Level) throws {
    var numbers = Numbers(seed: 9)
    // Two blocks of k; the last panel is narrow.
    let (m, n, k) = (53, 1605, 500)
    let a: AlignedBuffer<Float> = numbers.buffer(m * k)
    let b: AlignedBuffer<Float> = numbers.buffer(k * n)
    let residual: AlignedBuffer<Float> = numbers.buffer(m * n)
    let one = KernelOptions(threads: 1, level: level)
    let matrix = try unsafe PackedMatrix(MatrixView(b.reading, rowStride: n), k: k, n: n, options: one)
    var epilogue = unsafe MatrixEpilogue<Float>(alpha: 1)
    unsafe (epilogue.residual, epilogue.residualRowStride) = (residual.reading, n)
    let whole = AlignedBuffer<Float>(m * n)
    unsafe product(
      MatrixView(a.reading, rowStride: k), .packed(matrix), m: m, n: n, k: k, into: whole, rowStride: n,
      epilogue: epilogue, options: one)

    let panels = (n + dka_gemm_tile_columns(level.rawValue) - 1) / dka_gemm_tile_columns(level.rawValue)
    let scratch = AlignedBuffer<Float>(dka_gemm_scratch_size(level.rawValue, k))
    var roundsWithHelp = 0
    for _ in 0..<2000 where roundsWithHelp < 5 {
      let c = AlignedBuffer<Float>(m * n)
      let shared = unsafe SharedPart(
        product: dka_gemm(
          m: m, n: n, k: k, a: a.reading, a_row_stride: k, a_column_stride: 1, patches: nil,
          packed_b: matrix.elements, c: c.pointer, c_row_stride: n, alpha: 1, accumulate: false,
          activation: DKA_ACTIVATION_NONE, lower: 0, upper: 0, bias: nil, row_bias: nil,
          residual: residual.reading, residual_row_stride: n),
        part: dka_gemm_part(
          row_begin: 0, row_end: m, panel_begin: 0, panel_end: panels, scratch: scratch.pointer,
          open_panels: 0))
      let hasLeft = DispatchSemaphore(value: 0)
      DispatchQueue.global().async {
        while !shared.isFinished.load(ordering: .acquiring) {
          unsafe dka_gemm_help(level.rawValue, shared.product, shared.part)
        }
        hasLeft.signal()
      }
      unsafe dka_gemm_compute(level.rawValue, shared.product, shared.part)
      shared.isFinished.store(true, ordering: .releasing)
      hasLeft.wait()
      #expect(c.values == whole.values)
      // Helpers take panels from the end.
      if unsafe Int(shared.part.pointee.open_panels >> 32) < panels { roundsWithHelp += 1 }
    }
    #expect(roundsWithHelp == 5)
  }

  @Test(arguments: Processor.availableLevels())
  func `refused memory for a packed matrix is an error`(level: Processor.Level) throws {
    let element: AlignedBuffer<Float> = AlignedBuffer(1)
    // One element seen as a matrix of 2 to the power of 52 bytes, more than an address can name.
    let view = unsafe MatrixView(element.reading, rowStride: 0, columnStride: 0)
    let error = #expect(throws: StorageError.self) {
      try unsafe PackedMatrix(
        view, k: 1 << 25, n: 1 << 25, options: KernelOptions(threads: 1, level: level))
    }
    #expect(error?.byteCount == 1 << 52)
  }

  @Test(arguments: Processor.availableLevels())
  func `a value that is not a number stays in its row and its column`(level: Processor.Level) {
    var numbers = Numbers(seed: 4)
    let (m, n, k) = (9, 19, 21)
    let a: AlignedBuffer<Float> = numbers.buffer(m * k)
    let b: AlignedBuffer<Float> = numbers.buffer(k * n)
    a[8 * k + 3] = .nan
    b[5 * n + 18] = .infinity
    let c = AlignedBuffer<Float>(m * n)
    unsafe product(
      MatrixView(a.reading, rowStride: k), .plain(MatrixView(b.reading, rowStride: n)), m: m, n: n, k: k,
      into: c,
      rowStride: n, options: KernelOptions(threads: 1, level: level))
    for i in 0..<m {
      for j in 0..<n { #expect(c[i * n + j].isFinite == (i != 8 && j != 18), "element \(i), \(j)") }
    }
  }

  /// Panels that end in part of a vector, after one and after two of AVX2's, and after one of AVX-512's.
  @Test(arguments: Processor.availableLevels(), [21, 24, 48])
  func `every combination of epilogue parts agrees with Double`(level: Processor.Level, n: Int) {
    var numbers = Numbers(seed: 5)
    // Two blocks of k, whole and partial tiles.
    let (m, k, wide) = (8, 400, n + 3)
    let options = KernelOptions(threads: 1, level: level)
    let a: AlignedBuffer<Float> = numbers.buffer(m * k, scale: 0.2)
    let b: AlignedBuffer<Float> = numbers.buffer(k * n)
    let start: AlignedBuffer<Float> = numbers.buffer(m * wide)
    let bias: AlignedBuffer<Float> = numbers.buffer(n)
    let rowBias: AlignedBuffer<Float> = numbers.buffer(m)
    let residual: AlignedBuffer<Float> = numbers.buffer(m * wide)
    func double(_ buffer: AlignedBuffer<Float>) -> AlignedBuffer<Double> {
      AlignedBuffer(buffer.count) { Double(buffer[$0]) }
    }
    let (a64, b64, bias64, rowBias64, residual64) = (
      double(a), double(b), double(bias), double(rowBias), double(residual)
    )
    for choice in 0..<64 {
      let (withBias, withRowBias) = (choice & 1 != 0, choice & 2 != 0)
      let (withResidual, accumulates) = (choice & 4 != 0, choice & 8 != 0)
      let activation = [MatrixEpilogue<Float>.Activation.none, .relu, .gelu, .clip][choice / 16]
      let alpha: Float = choice & 1 == 0 ? 1 : -0.5
      let c = AlignedBuffer<Float>(m * wide) { start[$0] }
      var epilogue = unsafe MatrixEpilogue<Float>(alpha: alpha)
      unsafe epilogue.accumulates = accumulates
      unsafe epilogue.activation = activation
      unsafe (epilogue.lower, epilogue.upper) = (-0.5, 1)
      if withBias { unsafe epilogue.bias = bias.reading }
      if withRowBias { unsafe epilogue.rowBias = rowBias.reading }
      if withResidual { unsafe (epilogue.residual, epilogue.residualRowStride) = (residual.reading, wide) }
      unsafe product(
        MatrixView(a.reading, rowStride: k), .plain(MatrixView(b.reading, rowStride: n)), m: m, n: n, k: k,
        into: c, rowStride: wide, epilogue: epilogue, options: options)

      let c64 = double(start)
      var exact = unsafe MatrixEpilogue<Double>(alpha: Double(alpha))
      unsafe exact.accumulates = accumulates
      unsafe exact.activation = MatrixEpilogue<Double>.Activation(rawValue: activation.rawValue) ?? .none
      unsafe (exact.lower, exact.upper) = (-0.5, 1)
      if withBias { unsafe exact.bias = bias64.reading }
      if withRowBias { unsafe exact.rowBias = rowBias64.reading }
      if withResidual { unsafe (exact.residual, exact.residualRowStride) = (residual64.reading, wide) }
      unsafe ReferenceProduct.multiply(
        MatrixView(a64.reading, rowStride: k), MatrixView(b64.reading, rowStride: n), m: m, n: n, k: k,
        into: c64.pointer, rowStride: wide, epilogue: exact)
      // Sums of 400 terms of size 0.1: a few 2⁻²⁴ · 40.
      #expect((0..<m * wide).allSatisfy { abs(Double(c[$0]) - c64[$0]) < 8e-6 }, "choice \(choice)")
    }
  }

  @Test func `a batch of products equals its products one by one`() {
    var numbers = Numbers(seed: 6)
    let (m, n, k, count) = (13, 18, 40, 5)
    let options = KernelOptions(threads: 2, level: Processor.detectedLevel())
    let a: AlignedBuffer<Float> = numbers.buffer(count * m * k)
    let b: AlignedBuffer<Float> = numbers.buffer(count * n * k)
    let together = AlignedBuffer<Float>(count * m * n)
    let alone = AlignedBuffer<Float>(count * m * n)
    let scratch = AlignedBuffer<Float>(
      MatrixMultiplication.scratchCountEach(n: n, k: k, options: options))
    func item(_ index: Int, _ c: AlignedBuffer<Float>) -> MatrixMultiplication.Item {
      unsafe MatrixMultiplication.Item(
        a: MatrixView(a.reading + index * m * k, rowStride: k),
        b: MatrixView(b.reading + index * n * k, rowStride: 1, columnStride: k), c: c.pointer + index * m * n)
    }
    unsafe MatrixMultiplication.multiplyEach(
      count, m: m, n: n, k: k, rowStride: n, epilogue: MatrixEpilogue(alpha: 0.25), scratch: scratch.pointer,
      options: options
    ) { unsafe item($0, together) }
    for index in 0..<count {
      let one = unsafe item(index, alone)
      unsafe MatrixMultiplication.multiply(
        one.a, .plain(one.b), m: m, n: n, k: k, into: one.c, rowStride: n,
        epilogue: MatrixEpilogue(alpha: 0.25),
        scratch: scratch.pointer, options: KernelOptions(threads: 1, level: options.level))
    }
    #expect(together.values == alone.values)
  }

  @Test(arguments: Processor.availableLevels())
  func `OpenBLAS agrees with the packed product`(level: Processor.Level) {
    var numbers = Numbers(seed: 7)
    let (m, n, k) = (61, 50, 530)
    let a: AlignedBuffer<Float> = numbers.buffer(m * k)
    let b: AlignedBuffer<Float> = numbers.buffer(k * n)
    let (own, witness) = (AlignedBuffer<Float>(m * n), AlignedBuffer<Float>(m * n))
    let (left, right) = unsafe (
      MatrixView(a.reading, rowStride: k), MatrixView(b.reading, rowStride: 1, columnStride: k)
    )
    unsafe product(
      left, .plain(right), m: m, n: n, k: k, into: own, rowStride: n,
      options: KernelOptions(threads: 2, level: level))
    unsafe BLAS.multiply(
      left, right, m: m, n: n, k: k, alpha: 1, beta: 0, into: witness.pointer, rowStride: n)
    // Two sums of 530 terms below 1 in different orders.
    #expect(zip(own.values, witness.values).allSatisfy { abs($0 - $1) < 3e-5 })
  }

  @Test func `the Float64 product agrees with the plain loop for all orders and thread counts`() {
    var numbers = Numbers(seed: 8)
    let (m, n, k) = (101, 17, 29)
    let a: AlignedBuffer<Double> = numbers.buffer(m * k * 2)
    let b: AlignedBuffer<Double> = numbers.buffer(k * n)
    unsafe [
      MatrixView(a.reading, rowStride: k), MatrixView(a.reading, rowStride: 1, columnStride: m),
      MatrixView(a.reading, rowStride: 2 * k, columnStride: 2),
    ].forEach { left in
      let right = unsafe MatrixView(b.reading, rowStride: 1, columnStride: k)
      let plain = AlignedBuffer<Double>(m * n)
      unsafe ReferenceProduct.multiply(
        left, right, m: m, n: n, k: k, alpha: 2, beta: 0, into: plain.pointer, rowStride: n)
      let results = [1, 2, 4].map { threads in
        let c = AlignedBuffer<Double>(m * n)
        unsafe MatrixMultiplication.multiply(
          left, right, m: m, n: n, k: k, into: c.pointer, rowStride: n, epilogue: MatrixEpilogue(alpha: 2),
          options: KernelOptions(threads: threads, level: .portable))
        return c.values
      }
      #expect(zip(results[0], plain.values).allSatisfy { abs($0 - $1) < 1e-13 })
      #expect(results[1] == results[0] && results[2] == results[0])
    }
    #expect(BLAS.agreesWithPlainLoop())
  }
}
