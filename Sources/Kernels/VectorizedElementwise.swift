import Tensors

/// Float32 elementwise work that the C kernels do, where operands meet in a form they know.
extension Elementwise {
  /// c = a (operation) b by the C kernels, or false where these shapes are none of theirs.
  static func combineVectorized(
    _ operation: VectorMath.Operation, _ a: TensorView, _ b: TensorView, into c: TensorView,
    _ options: KernelOptions
  ) -> Bool {
    let walk = BroadcastWalk(c.shape, a.shape, b.shape)
    if let form = walk.vectorForm {
      return run(operation, a, b, form, walk, c, options)
    }
    let commutes = operation == .add || operation == .multiply
    let swapped = BroadcastWalk(c.shape, b.shape, a.shape)
    guard commutes, let form = swapped.vectorForm else { return false }
    return run(operation, b, a, form, swapped, c, options)
  }

  private static func run(
    _ operation: VectorMath.Operation, _ a: TensorView, _ b: TensorView, _ form: VectorMath.Broadcast,
    _ walk: BroadcastWalk, _ c: TensorView, _ options: KernelOptions
  ) -> Bool {
    guard let first = unsafe a.buffer(of: Float.self).baseAddress,
      let second = unsafe b.buffer(of: Float.self).baseAddress,
      let target = unsafe c.buffer(of: Float.self).baseAddress
    else { return false }
    unsafe VectorMath.combine(
      operation, first, second, broadcast: form, into: target, rows: walk.rows, columns: walk.rowCount,
      options: options)
    return true
  }

  /// y = function(x) by the C kernels.
  static func applyVectorized(
    _ function: VectorMath.Function, _ x: TensorView, into y: TensorView, _ options: KernelOptions
  ) {
    guard let source = unsafe x.buffer(of: Float.self).baseAddress,
      let target = unsafe y.buffer(of: Float.self).baseAddress, x.count > 0
    else { return }
    unsafe VectorMath.apply(function, source, into: target, count: x.count, options: options)
  }

  /// y = x limited to numbers by the C kernels.
  static func clipVectorized(
    _ x: TensorView, low: Float, high: Float, into y: TensorView, _ options: KernelOptions
  ) {
    guard let source = unsafe x.buffer(of: Float.self).baseAddress,
      let target = unsafe y.buffer(of: Float.self).baseAddress, x.count > 0
    else { return }
    unsafe VectorMath.clip(source, low: low, high: high, into: target, count: x.count, options: options)
  }

  /// dx = dy where x lies within bounds by the C kernels.
  static func clipGradientVectorized(
    _ x: TensorView, _ dy: TensorView, low: Float, high: Float, into dx: TensorView, _ options: KernelOptions
  ) {
    guard let source = unsafe x.buffer(of: Float.self).baseAddress,
      let flow = unsafe dy.buffer(of: Float.self).baseAddress,
      let target = unsafe dx.buffer(of: Float.self).baseAddress, x.count > 0
    else { return }
    unsafe VectorMath.clipGradient(
      source, outGradient: flow, low: low, high: high, into: target, count: x.count, options: options)
  }

  /// dx = dy · function'(x) by the C kernels.
  static func applyGradientVectorized(
    _ function: VectorMath.Function, _ x: TensorView, _ dy: TensorView, into dx: TensorView,
    _ options: KernelOptions
  ) {
    guard let source = unsafe x.buffer(of: Float.self).baseAddress,
      let flow = unsafe dy.buffer(of: Float.self).baseAddress,
      let target = unsafe dx.buffer(of: Float.self).baseAddress, x.count > 0
    else { return }
    unsafe VectorMath.applyGradient(
      function, source, outGradient: flow, into: target, count: x.count, options: options)
  }
}

extension BroadcastWalk {
  /// How the second operand meets a first one that is not stretched, as the C kernels name it; nil for other forms.
  fileprivate var vectorForm: VectorMath.Broadcast? {
    guard rowStrides.first == 1 else { return nil }
    guard let outer = onlyOuterAxis else {
      guard rows == 1 else { return nil }
      return rowStrides.second == 1 ? VectorMath.Broadcast.none : .scalar
    }
    guard outer.first == rowCount else { return nil }
    switch (outer.second, rowStrides.second) {
    case (0, 1): return .row
    case (1, 0): return .column
    default: return nil
    }
  }
}
