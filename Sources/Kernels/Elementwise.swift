import Tensors

/// Elementwise kernels: y = f(x), c = f(a, b) with broadcasting.
///
/// The loops are written once here; the files `Arithmetic`, `RealFunctions`, `Comparison`, `Casting` fill them.
package enum Elementwise {
  /// y = f(x).
  @inline(__always)
  static func map<Source: Scalar, Target: Scalar>(
    _ x: TensorView, into y: TensorView, _ options: KernelOptions, _ body: (Source) -> Target
  ) {
    let source = unsafe x.buffer(of: Source.self)
    let target = unsafe y.buffer(of: Target.self)
    forEachRange(y.count, workPerItem: 1, options) { range in
      for index in range { unsafe target[index] = body(source[index]) }
    }
  }

  /// c = f(a, b), broadcast to the shape of c.
  ///
  /// c may share memory with an operand of its own size.
  @inline(__always)
  static func combine<First: Scalar, Second: Scalar, Target: Scalar>(
    _ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions,
    _ body: (First, Second) -> Target
  ) {
    let first = unsafe a.buffer(of: First.self)
    let second = unsafe b.buffer(of: Second.self)
    let target = unsafe c.buffer(of: Target.self)
    let walk = BroadcastWalk(c.shape, a.shape, b.shape)
    let (firstStride, secondStride, _) = walk.rowStrides
    walk.forEachSegment(options) { part in
      switch (firstStride, secondStride) {
      case (1, 1):
        for index in 0..<part.count {
          unsafe target[part.target + index] = body(first[part.first + index], second[part.second + index])
        }
      case (1, 0):
        let fixed = unsafe second[part.second]
        for index in 0..<part.count {
          unsafe target[part.target + index] = body(first[part.first + index], fixed)
        }
      case (0, 1):
        let fixed = unsafe first[part.first]
        for index in 0..<part.count {
          unsafe target[part.target + index] = body(fixed, second[part.second + index])
        }
      default:
        for index in 0..<part.count {
          unsafe target[part.target + index] = body(
            first[part.first + index * firstStride], second[part.second + index * secondStride])
        }
      }
    }
  }
}

extension TensorView {
  /// Truth values as bytes.
  ///
  /// Files may hold bytes other than 0 and 1, which are no valid `Bool`; any but 0 counts as true.
  var truthBytes: TensorView {
    precondition(elementType == .bool, "\(elementType.name) view read as truth values")
    return TensorView(elementType: .uint8, shape: shape, storage: storage, byteOffset: byteOffset)
  }
}
