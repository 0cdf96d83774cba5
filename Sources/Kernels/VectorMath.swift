internal import CKernels

/// Elementwise functions, softmax and layer normalization on contiguous Float32 buffers, cut over threads.
///
/// An element's bits depend on its inputs and the processor level alone; sums over a row have an order fixed by the row length.
package enum VectorMath {
  /// A function of one number.
  package enum Function: Int32, Sendable, CaseIterable {
    /// eˣ within 1.5 ulp; 0 where the result is below the normal numbers.
    case exp = 0
    /// Within 3 ulp.
    case erf = 1
    /// Within 3 ulp.
    case tanh = 2
    /// 1 / (1 + e⁻ˣ) within 3 ulp.
    case sigmoid = 3
    /// x · Φ(x), within 2e-7 absolute.
    case gelu = 4
    /// x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
    case geluTanh = 5
    case relu = 6
  }

  /// An operation on two numbers.
  package enum Operation: Int32, Sendable, CaseIterable {
    case add = 0
    case subtract = 1
    case multiply = 2
    case divide = 3
  }

  /// How the second operand meets a matrix [rows, columns].
  package enum Broadcast: Sendable {
    /// [rows, columns].
    case none
    /// [columns], the same for every row.
    case row
    /// [rows], one value per row.
    case column
    /// One value.
    case scalar
  }

  /// y = function(x); y may be x.
  package static func apply(
    _ function: Function, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int,
    options: KernelOptions
  ) {
    forChunks(count, weight: 1, options: options) { range in
      unsafe dka_map(
        options.level.rawValue, function.rawValue, x + range.lowerBound, y + range.lowerBound, range.count)
    }
  }

  /// dx = dy · function'(x); dx may be dy.
  package static func applyGradient(
    _ function: Function, _ x: UnsafePointer<Float>, outGradient dy: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, count: Int, options: KernelOptions
  ) {
    forChunks(count, weight: 1, options: options) { range in
      unsafe dka_map_gradient(
        options.level.rawValue, function.rawValue, x + range.lowerBound, dy + range.lowerBound,
        dx + range.lowerBound, range.count)
    }
  }

  /// y = min(max(x, low), high), NaN where x is.
  ///
  /// y may be x; the bounds are numbers.
  package static func clip(
    _ x: UnsafePointer<Float>, low: Float, high: Float, into y: UnsafeMutablePointer<Float>, count: Int,
    options: KernelOptions
  ) {
    forChunks(count, weight: 1, options: options) { range in
      unsafe dka_clip(
        options.level.rawValue, x + range.lowerBound, low, high, y + range.lowerBound, range.count)
    }
  }

  /// dx = dy where low ≤ x ≤ high, else 0; dx may be dy.
  package static func clipGradient(
    _ x: UnsafePointer<Float>, outGradient dy: UnsafePointer<Float>, low: Float, high: Float,
    into dx: UnsafeMutablePointer<Float>, count: Int, options: KernelOptions
  ) {
    forChunks(count, weight: 1, options: options) { range in
      unsafe dka_clip_gradient(
        options.level.rawValue, x + range.lowerBound, dy + range.lowerBound, low, high,
        dx + range.lowerBound, range.count)
    }
  }

  /// y [rows, columns] = a (operation) b; y may be a or b.
  package static func combine(
    _ operation: Operation, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, broadcast: Broadcast,
    into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, options: KernelOptions
  ) {
    guard rows > 0, columns > 0 else { return }
    let varies = broadcast == .none || broadcast == .row
    if rows == 1, varies || broadcast == .scalar {
      forChunks(columns, weight: 1, options: options) { range in
        let first = range.lowerBound
        unsafe dka_binary(
          options.level.rawValue, operation.rawValue, a + first, varies ? b + first : b, 0, varies, y + first,
          1,
          range.count)
      }
      return
    }
    let stride =
      switch broadcast {
      case .none: columns
      case .column: 1
      case .row, .scalar: 0
      }
    forChunks(rows, weight: columns, options: options) { range in
      let first = range.lowerBound
      unsafe dka_binary(
        options.level.rawValue, operation.rawValue, a + first * columns, b + first * stride, stride, varies,
        y + first * columns, range.count, columns)
    }
  }

  /// Softmax of each row of x [rows, columns]; y may be x.
  package static func softmax(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
    options: KernelOptions
  ) {
    forChunks(rows, weight: columns, options: options) { range in
      let first = range.lowerBound * columns
      unsafe dka_softmax(options.level.rawValue, x + first, y + first, range.count, columns)
    }
  }

  /// dx = y · (dy − Σ y · dy) per row, from the softmax y; dx may be dy.
  package static func softmaxGradient(
    softmax y: UnsafePointer<Float>, outGradient dy: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, options: KernelOptions
  ) {
    forChunks(rows, weight: columns, options: options) { range in
      let first = range.lowerBound * columns
      unsafe dka_softmax_gradient(
        options.level.rawValue, y + first, dy + first, dx + first, range.count, columns)
    }
  }

  /// Runs `body` on ranges that cover 0 ..< count, on more than one thread when the work repays it.
  private static func forChunks(
    _ count: Int, weight: Int, options: KernelOptions, _ body: (Range<Int>) -> Void
  ) {
    guard count > 0 else { return }
    // Some 32,768 elements take the 100 µs that a part should.
    let worthwhile = Int(min(Double(count) * Double(weight) / 32_768, Double(options.threads * 4)))
    let parts = max(1, options.threads == 1 ? 1 : worthwhile)
    parallelFor(parts, threads: options.threads) { part, _ in
      let range = evenPart(part, of: parts, count: count, step: weight == 1 ? 16 : 1)
      guard !range.isEmpty else { return }
      body(range)
    }
  }

  // Layer normalization.

  /// y = (x − mean) / √(variance + epsilon) · scale + bias per row of x [rows, columns]; y may be x.
  ///
  /// `means` and `inverseDeviations` [rows] receive what the gradient needs. The variance is summed from differences to the mean.
  package static func layerNormalization(
    _ x: UnsafePointer<Float>, scale: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    into y: UnsafeMutablePointer<Float>, means: UnsafeMutablePointer<Float>? = nil,
    inverseDeviations: UnsafeMutablePointer<Float>? = nil, rows: Int, columns: Int, options: KernelOptions
  ) {
    forChunks(rows, weight: columns, options: options) { range in
      let first = range.lowerBound
      unsafe dka_layer_norm(
        options.level.rawValue, x + first * columns, scale, bias, epsilon, y + first * columns,
        means.map { unsafe $0 + first }, inverseDeviations.map { unsafe $0 + first }, range.count, columns)
    }
  }

  /// Gradient of layer normalization by x; dx may be dy.
  ///
  ///     g = dy · scale    n = (x − mean) / σ    dx = (g − mean(g) − n · mean(g · n)) / σ
  package static func layerNormalizationGradient(
    _ x: UnsafePointer<Float>, scale: UnsafePointer<Float>?, means: UnsafePointer<Float>,
    inverseDeviations: UnsafePointer<Float>, outGradient dy: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, rows: Int, columns: Int, options: KernelOptions
  ) {
    forChunks(rows, weight: columns, options: options) { range in
      let first = range.lowerBound
      unsafe dka_layer_norm_gradient(
        options.level.rawValue, x + first * columns, scale, means + first, inverseDeviations + first,
        dy + first * columns, dx + first * columns, range.count, columns)
    }
  }

  /// Gradients of layer normalization by scale and bias [columns], summed over rows in ascending order.
  package static func layerNormalizationParameterGradient(
    _ x: UnsafePointer<Float>, means: UnsafePointer<Float>, inverseDeviations: UnsafePointer<Float>,
    outGradient dy: UnsafePointer<Float>, scaleGradient: UnsafeMutablePointer<Float>?,
    biasGradient: UnsafeMutablePointer<Float>?, rows: Int, columns: Int, options: KernelOptions
  ) {
    let parts = options.threads > 1 && rows * columns > 65_536 ? options.threads : 1
    parallelFor(parts, threads: options.threads) { part, _ in
      let range = evenPart(part, of: parts, count: columns, step: 16)
      unsafe dka_layer_norm_parameter_gradient(
        options.level.rawValue, x, means, inverseDeviations, dy, scaleGradient, biasGradient, rows, columns,
        range.lowerBound, range.upperBound)
    }
  }
}
