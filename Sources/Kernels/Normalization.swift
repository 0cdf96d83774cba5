package import Tensors

/// Normalisation of rows, forward and backward.
package enum Normalization {
  /// Normalises each row, then scales and shifts it.
  ///
  ///     y = (x − mean) · rstd · scale + bias         rstd = 1 / √(var + ε)
  ///
  /// Shapes: x, y [rows, n], scale and bias [n], mean and rstd [rows] where wanted. Sums run in eight lanes.
  package static func layerNorm(
    _ x: TensorView, scale: TensorView, bias: TensorView?, epsilon: Float, rowLength n: Int,
    into y: TensorView, mean: TensorView?, rstd: TensorView?, _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32:
      guard n > 0 else { return }
      unsafe VectorMath.layerNormalization(
        x.words(Float.self), scale: scale.words(Float.self), bias: bias?.words(Float.self), epsilon: epsilon,
        into: y.words(Float.self), means: mean?.words(Float.self), inverseDeviations: rstd?.words(Float.self),
        rows: x.count / n, columns: n, options: options)
    default: forward(x, scale, bias, Double(epsilon), n, y, mean, rstd, SIMD8<Double>.self)
    }
  }

  /// Bytes of scratch memory of the gradient: two statistics per row.
  package static func layerNormGradientScratch(rows: Int, _ type: ElementType) -> Int {
    type == .float32 ? 2 * rows * MemoryLayout<Float>.stride : 0
  }

  /// Gradients of `layerNorm`, each where wanted; statistics are computed again.
  ///
  ///     dx = rstd · (g − mean(g) − x̂ · mean(g · x̂))         g = dy · scale,  x̂ = (x − mean) · rstd
  ///     dscale = Σ(rows) dy · x̂          dbias = Σ(rows) dy
  package static func layerNormGradient(
    _ dY: TensorView, _ x: TensorView, scale: TensorView, epsilon: Float, rowLength n: Int,
    into dX: TensorView?, dScale: TensorView?, dBias: TensorView?, scratch: TensorView?,
    _ options: KernelOptions
  ) {
    switch x.elementType {
    case .float32:
      guard n > 0, let scratch else { return }
      let rows = x.count / n
      let means = unsafe scratch.pointer.assumingMemoryBound(to: Float.self)
      let deviations = unsafe means + rows
      let source = unsafe x.words(Float.self)
      // 64 rows of ViT-B take some 50 µs.
      parallelFor((rows + 63) / 64, threads: options.threads) { part, _ in
        for row in (part * 64)..<min(part * 64 + 64, rows) {
          let (mean, rstd) = unsafe statistics(source + row * n, n, epsilon, SIMD8<Float>.self)
          unsafe means[row] = mean
          unsafe deviations[row] = rstd
        }
      }
      if let dX {
        unsafe VectorMath.layerNormalizationGradient(
          source, scale: scale.words(Float.self), means: means, inverseDeviations: deviations,
          outGradient: dY.words(Float.self), into: dX.words(Float.self), rows: rows, columns: n,
          options: options)
      }
      guard dScale != nil || dBias != nil else { return }
      unsafe VectorMath.layerNormalizationParameterGradient(
        source, means: means, inverseDeviations: deviations, outGradient: dY.words(Float.self),
        scaleGradient: dScale?.words(Float.self), biasGradient: dBias?.words(Float.self), rows: rows,
        columns: n, options: options)
    default: backward(dY, x, scale, Double(epsilon), n, dX, dScale, dBias, SIMD8<Double>.self)
    }
  }

  @inline(__always)
  private static func forward<Lanes: SIMD>(
    _ x: TensorView, _ scale: TensorView, _ bias: TensorView?, _ epsilon: Lanes.Scalar, _ n: Int,
    _ y: TensorView, _ mean: TensorView?, _ rstd: TensorView?, _ lanes: Lanes.Type
  ) where Lanes.Scalar: BinaryFloatingPoint & Scalar {
    guard n > 0 else { return }
    let source = unsafe x.words(Lanes.Scalar.self)
    let target = unsafe y.words(Lanes.Scalar.self)
    let factor = unsafe scale.words(Lanes.Scalar.self)
    let shift = unsafe bias?.words(Lanes.Scalar.self)
    let means = unsafe mean?.words(Lanes.Scalar.self)
    let deviations = unsafe rstd?.words(Lanes.Scalar.self)
    for row in 0..<(x.count / n) {
      let line = unsafe source + row * n
      let result = unsafe target + row * n
      let (average, inverse) = unsafe statistics(line, n, epsilon, lanes)
      unsafe means?[row] = average
      unsafe deviations?[row] = inverse
      if let shift = unsafe shift {
        for i in 0..<n { unsafe result[i] = (line[i] - average) * inverse * factor[i] + shift[i] }
      } else {
        for i in 0..<n { unsafe result[i] = (line[i] - average) * inverse * factor[i] }
      }
    }
  }

  @inline(__always)
  private static func backward<Lanes: SIMD>(
    _ dY: TensorView, _ x: TensorView, _ scale: TensorView, _ epsilon: Lanes.Scalar, _ n: Int,
    _ dX: TensorView?, _ dScale: TensorView?, _ dBias: TensorView?, _ lanes: Lanes.Type
  ) where Lanes.Scalar: BinaryFloatingPoint & Scalar {
    guard n > 0 else { return }
    let source = unsafe x.words(Lanes.Scalar.self)
    let upstream = unsafe dY.words(Lanes.Scalar.self)
    let factor = unsafe scale.words(Lanes.Scalar.self)
    let result = unsafe dX?.words(Lanes.Scalar.self)
    let factorGradient = unsafe dScale?.words(Lanes.Scalar.self)
    let shiftGradient = unsafe dBias?.words(Lanes.Scalar.self)
    if let factorGradient = unsafe factorGradient { unsafe factorGradient.update(repeating: 0, count: n) }
    if let shiftGradient = unsafe shiftGradient { unsafe shiftGradient.update(repeating: 0, count: n) }
    for row in 0..<(x.count / n) {
      let line = unsafe source + row * n
      let above = unsafe upstream + row * n
      let (average, inverse) = unsafe statistics(line, n, epsilon, lanes)
      if let result = unsafe result {
        let sum = lanesum(n, lanes) { i in unsafe above[i] * factor[i] }
        let weighted = lanesum(n, lanes) { i in
          unsafe above[i] * factor[i] * ((line[i] - average) * inverse)
        }
        let meanGradient = sum / Lanes.Scalar(n)
        let meanProduct = weighted / Lanes.Scalar(n)
        let out = unsafe result + row * n
        for i in 0..<n {
          let normalized = unsafe (line[i] - average) * inverse
          unsafe out[i] = inverse * (above[i] * factor[i] - meanGradient - normalized * meanProduct)
        }
      }
      if let factorGradient = unsafe factorGradient {
        for i in 0..<n { unsafe factorGradient[i] += above[i] * ((line[i] - average) * inverse) }
      }
      if let shiftGradient = unsafe shiftGradient {
        for i in 0..<n { unsafe shiftGradient[i] += above[i] }
      }
    }
  }

  /// Mean and 1 / √(variance + ε) of a row, in two passes.
  @inline(__always)
  private static func statistics<Lanes: SIMD>(
    _ line: UnsafeMutablePointer<Lanes.Scalar>, _ n: Int, _ epsilon: Lanes.Scalar, _ lanes: Lanes.Type
  ) -> (mean: Lanes.Scalar, rstd: Lanes.Scalar) where Lanes.Scalar: BinaryFloatingPoint {
    let mean = lanesum(n, lanes) { unsafe line[$0] } / Lanes.Scalar(n)
    let variance =
      lanesum(n, lanes) { i in
        let distance = unsafe line[i] - mean
        return distance * distance
      } / Lanes.Scalar(n)
    return (mean, 1 / (variance + epsilon).squareRoot())
  }

  /// Σ f(i) for i < n in eight lanes that are added at the end.
  @inline(__always)
  static func lanesum<Lanes: SIMD>(_ n: Int, _ lanes: Lanes.Type, _ f: (Int) -> Lanes.Scalar) -> Lanes.Scalar
  where Lanes.Scalar: BinaryFloatingPoint {
    var sums = Lanes(repeating: 0)
    let full = n / Lanes.scalarCount * Lanes.scalarCount
    var i = 0
    while i < full {
      var values = Lanes()
      for lane in 0..<Lanes.scalarCount { values[lane] = f(i + lane) }
      sums = Lanes.adding(sums, values)
      i += Lanes.scalarCount
    }
    var total: Lanes.Scalar = 0
    for lane in 0..<Lanes.scalarCount { total += sums[lane] }
    while i < n {
      total += f(i)
      i += 1
    }
    return total
  }
}

extension SIMD where Scalar: BinaryFloatingPoint {
  /// Lane by lane sum.
  @inline(__always)
  fileprivate static func adding(_ a: Self, _ b: Self) -> Self {
    var result = Self()
    for lane in 0..<scalarCount { result[lane] = a[lane] + b[lane] }
    return result
  }
}
