package import Tensors

/// Softmax and its logarithm along one axis, with the largest element subtracted first.
///
/// Shapes: all operands [outer, n, inner]; every (outer, inner) is a distribution of its own over n.
package enum Distribution {
  /// Extents before, along and after the axis.
  package struct Layout: Sendable {
    /// Product of the extents before the axis.
    package let outer: Int
    /// Elements of one distribution.
    package let n: Int
    /// Product of the extents after the axis.
    package let inner: Int

    /// The layout of three extents, or nil for anything else.
    package init?(_ extents: [Int]) {
      guard extents.count == 3, Shape(checking: extents) != nil else { return nil }
      (outer, n, inner) = (extents[0], extents[1], extents[2])
    }

    /// The three extents.
    package var shape: Shape { [outer, n, inner] }

    /// The layout for distributions over one axis.
    package init(_ shape: Shape, axis: Int) {
      outer = shape.product(0..<axis)
      n = shape.extents[axis]
      inner = shape.product(axis + 1..<shape.rank)
    }

    /// The layout for distributions over all axes from one on.
    package init(_ shape: Shape, flattenedFrom axis: Int) {
      outer = shape.product(0..<axis)
      n = shape.product(axis..<shape.rank)
      inner = 1
    }
  }

  /// y = e^(x − max) / Σ e^(x − max), or its logarithm; y may be x.
  package static func apply(
    _ x: TensorView, _ layout: Layout, isLogarithm: Bool, into y: TensorView, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32 where layout.inner == 1 && !isLogarithm: applyVectorized(x, layout, y, options)
    case .float32: apply(x, layout, isLogarithm, y, options, Float.self)
    default: apply(x, layout, isLogarithm, y, options, Double.self)
    }
  }

  /// dx = y · (dy − Σ dy · y), or dx = dy − e^y · Σ dy for the logarithm; dx may be dy.
  package static func gradient(
    _ y: TensorView, _ dy: TensorView, _ layout: Layout, isLogarithm: Bool, into dx: TensorView,
    _ options: KernelOptions
  ) {
    switch y.elementType {
    case .float32 where layout.inner == 1 && !isLogarithm: gradientVectorized(y, dy, layout, dx, options)
    case .float32: gradient(y, dy, layout, isLogarithm, dx, options, Float.self)
    default: gradient(y, dy, layout, isLogarithm, dx, options, Double.self)
    }
  }

  private static func apply<Real: RealNumber>(
    _ x: TensorView, _ layout: Layout, _ isLogarithm: Bool, _ y: TensorView, _ options: KernelOptions,
    _ type: Real.Type
  ) {
    let source = unsafe x.buffer(of: Real.self)
    let target = unsafe y.buffer(of: Real.self)
    let (n, inner) = (layout.n, layout.inner)
    guard n > 0 else { return }
    forEachRange(layout.outer * inner, workPerItem: 16 * n, options) { range in
      for index in range {
        let start = index / inner * n * inner + index % inner
        var largest = -Real.infinity
        for k in 0..<n {
          let value = unsafe source[start + k * inner]
          if value > largest || value != value { largest = value }
        }
        var sum: Real = 0
        if isLogarithm {
          for k in 0..<n { unsafe sum += Real.exponential(source[start + k * inner] - largest) }
          let offset = Real.logarithm(sum)
          for k in 0..<n {
            unsafe target[start + k * inner] = source[start + k * inner] - largest - offset
          }
        } else {
          for k in 0..<n {
            let value = unsafe Real.exponential(source[start + k * inner] - largest)
            unsafe target[start + k * inner] = value
            sum += value
          }
          let scale = 1 / sum
          for k in 0..<n { unsafe target[start + k * inner] *= scale }
        }
      }
    }
  }

  private static func gradient<Real: RealNumber>(
    _ y: TensorView, _ dy: TensorView, _ layout: Layout, _ isLogarithm: Bool, _ dx: TensorView,
    _ options: KernelOptions, _ type: Real.Type
  ) {
    let value = unsafe y.buffer(of: Real.self)
    let flow = unsafe dy.buffer(of: Real.self)
    let target = unsafe dx.buffer(of: Real.self)
    let (n, inner) = (layout.n, layout.inner)
    guard n > 0 else { return }
    forEachRange(layout.outer * inner, workPerItem: 4 * n, options) { range in
      for index in range {
        let start = index / inner * n * inner + index % inner
        var sum: Real = 0
        if isLogarithm {
          for k in 0..<n { unsafe sum += flow[start + k * inner] }
          for k in 0..<n {
            let at = start + k * inner
            unsafe target[at] = flow[at] - Real.exponential(value[at]) * sum
          }
        } else {
          for k in 0..<n { unsafe sum += flow[start + k * inner] * value[start + k * inner] }
          for k in 0..<n {
            let at = start + k * inner
            unsafe target[at] = value[at] * (flow[at] - sum)
          }
        }
      }
    }
  }

  private static func applyVectorized(
    _ x: TensorView, _ layout: Layout, _ y: TensorView, _ options: KernelOptions
  ) {
    guard let source = unsafe x.buffer(of: Float.self).baseAddress,
      let target = unsafe y.buffer(of: Float.self).baseAddress, layout.n > 0
    else { return }
    unsafe VectorMath.softmax(source, into: target, rows: layout.outer, columns: layout.n, options: options)
  }

  private static func gradientVectorized(
    _ y: TensorView, _ dy: TensorView, _ layout: Layout, _ dx: TensorView, _ options: KernelOptions
  ) {
    guard let value = unsafe y.buffer(of: Float.self).baseAddress,
      let flow = unsafe dy.buffer(of: Float.self).baseAddress,
      let target = unsafe dx.buffer(of: Float.self).baseAddress, layout.n > 0
    else { return }
    unsafe VectorMath.softmaxGradient(
      softmax: value, outGradient: flow, into: target, rows: layout.outer, columns: layout.n,
      options: options)
  }
}
