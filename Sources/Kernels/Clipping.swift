package import Tensors

/// Limiting elements to a range.
///
///     y = min(max(x, low), high)          dx = dy where low ≤ x ≤ high, else 0
///
/// A NaN among the elements stays one, a bound that is NaN makes every element one, and where bounds cross the upper wins.
extension Elementwise {
  /// y = x limited to scalars of its type, nil for no bound; y may be x.
  package static func clip(
    _ x: TensorView, low: TensorView?, high: TensorView?, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32:
      clip(x, scalar(low) ?? -Float.infinity, scalar(high) ?? .infinity, y, options)
    case .float64:
      clipReal(x, scalar(low) ?? -Double.infinity, scalar(high) ?? .infinity, y, options)
    case .int64: clipInteger(x, scalar(low) ?? Int64.min, scalar(high) ?? .max, y, options)
    case .int32: clipInteger(x, scalar(low) ?? Int32.min, scalar(high) ?? .max, y, options)
    case .int8: clipInteger(x, scalar(low) ?? Int8.min, scalar(high) ?? .max, y, options)
    default: clipInteger(x, scalar(low) ?? UInt8.min, scalar(high) ?? .max, y, options)
    }
  }

  /// y = x limited to low … high, which Float32 elements take in their own precision.
  package static func clip(
    _ x: TensorView, low: Double, high: Double, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32: clip(x, Float(low), Float(high), y, options)
    case .float64: clipReal(x, low, high, y, options)
    case .int64: clipInteger(x, inside(low, .up), inside(high, .down) as Int64, y, options)
    default: clipInteger(x, inside(low, .up), inside(high, .down) as Int32, y, options)
    }
  }

  /// dx = dy where x lies within scalars of its type, nil for no bound, else 0; dx may be dy.
  package static func clipGradient(
    _ x: TensorView, _ dy: TensorView, low: TensorView?, high: TensorView?, into dx: TensorView,
    _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32:
      let (low, high) = (scalar(low) ?? -Float.infinity, scalar(high) ?? Float.infinity)
      clipGradientVectorized(x, dy, low: low, high: high, into: dx, options)
    default:
      let (low, high) = (scalar(low) ?? -Double.infinity, scalar(high) ?? Double.infinity)
      combine(x, dy, into: dx, options) { (v: Double, slope: Double) in
        v >= low && v <= high ? slope : 0
      }
    }
  }

  private static func clip(
    _ x: TensorView, _ low: Float, _ high: Float, _ y: TensorView, _ options: KernelOptions
  ) {
    guard !low.isNaN, !high.isNaN else { return clipReal(x, low, high, y, options) }
    clipVectorized(x, low: low, high: high, into: y, options)
  }

  private static func clipReal<Real: RealNumber>(
    _ x: TensorView, _ low: Real, _ high: Real, _ y: TensorView, _ options: KernelOptions
  ) {
    map(x, into: y, options) { (v: Real) in
      let raised = v < low || low.isNaN ? low : v
      return raised > high || high.isNaN ? high : raised
    }
  }

  private static func clipInteger<Integer: FixedWidthInteger & Scalar>(
    _ x: TensorView, _ low: Integer, _ high: Integer, _ y: TensorView, _ options: KernelOptions
  ) {
    map(x, into: y, options) { (v: Integer) in min(max(v, low), high) }
  }

  private static func scalar<Element: Scalar>(_ bound: TensorView?) -> Element? {
    bound.map { unsafe $0.buffer(of: Element.self)[0] }
  }

  /// The whole number that limits integers as a bound does.
  private static func inside<Integer: FixedWidthInteger>(
    _ bound: Double, _ direction: FloatingPointRoundingRule
  ) -> Integer {
    saturating(bound.rounded(direction))
  }
}
