package import Tensors

/// Reading and writing at positions that an integer tensor gives.
package enum Indexing {
  /// Positions counted from the front, or the first that is out of range.
  package enum Positions {
    case valid([Int])
    case outOfRange(Int)
  }

  /// Positions in an axis of `extent` elements from int64 or int32 indices, negative ones counted from the end.
  package static func positions(_ indices: TensorView, extent: Int) -> Positions {
    var result = [Int](repeating: 0, count: indices.count)
    for index in result.indices {
      let given: Int
      switch indices.elementType {
      case .int64: given = unsafe Int(indices.words(Int64.self)[index])
      default: given = unsafe Int(indices.words(Int32.self)[index])
      }
      guard given >= -extent, given < extent else { return .outOfRange(given) }
      result[index] = given < 0 ? given + extent : given
    }
    return .valid(result)
  }

  /// Copies slices: target[o, i, :] = source[o, positions[i], :].
  ///
  /// Shapes: source [outer, extent, inner], target [outer, positions, inner].
  package static func gather(
    _ source: TensorView, _ positions: [Int], outer: Int, extent: Int, inner: Int, into target: TensorView
  ) {
    let width = (source.elementType.bitWidth ?? 8) / 8 * inner
    let from = unsafe source.pointer
    let to = unsafe target.pointer
    for row in 0..<outer {
      for (index, position) in positions.enumerated() {
        unsafe (to + (row * positions.count + index) * width)
          .copyMemory(from: from + (row * extent + position) * width, byteCount: width)
      }
    }
  }

  /// The adjoint of `gather`: target[o, positions[i], :] += source[o, i, :], in the order of i.
  package static func scatterSum(
    _ source: TensorView, _ positions: [Int], outer: Int, extent: Int, inner: Int, into target: TensorView
  ) {
    DataMovement.clear(target)
    switch source.elementType {
    case .float32: scatter(source, positions, outer, extent, inner, target, Float.self)
    default: scatter(source, positions, outer, extent, inner, target, Double.self)
    }
  }

  @inline(__always)
  private static func scatter<Element: BinaryFloatingPoint>(
    _ source: TensorView, _ positions: [Int], _ outer: Int, _ extent: Int, _ inner: Int,
    _ target: TensorView, _ type: Element.Type
  ) {
    for row in 0..<outer {
      for (index, position) in positions.enumerated() {
        let line = unsafe source.words(type) + (row * positions.count + index) * inner
        let sum = unsafe target.words(type) + (row * extent + position) * inner
        for i in 0..<inner { unsafe sum[i] += line[i] }
      }
    }
  }
}

extension Indexing {
  /// How scattered elements meet those that are there.
  package enum Reduction: Sendable {
    case none
    case add
    case multiply
    case maximum
    case minimum
  }

  /// Copies runs: target[i, :] = source[starts[i] ..< starts[i] + run].
  package static func gather(_ source: TensorView, _ starts: [Int], run: Int, into target: TensorView) {
    let width = (source.elementType.bitWidth ?? 8) / 8
    let from = unsafe source.pointer
    let to = unsafe target.pointer
    for (index, start) in starts.enumerated() {
      unsafe (to + index * run * width).copyMemory(from: from + start * width, byteCount: run * width)
    }
  }

  /// Combines source[i, :] with target[starts[i] ..< starts[i] + run], in the order of i.
  package static func scatter(
    _ source: TensorView, _ starts: [Int], run: Int, into target: TensorView, _ reduction: Reduction
  ) {
    switch (source.elementType, reduction) {
    case (_, .none):
      let width = (source.elementType.bitWidth ?? 8) / 8
      for (index, start) in starts.enumerated() {
        unsafe (target.pointer + start * width)
          .copyMemory(from: source.pointer + index * run * width, byteCount: run * width)
      }
    case (.float32, _): combine(source, starts, run, target, floats(reduction, Float.self))
    case (.float64, _): combine(source, starts, run, target, floats(reduction, Double.self))
    case (.int32, _): combine(source, starts, run, target, integers(reduction, Int32.self))
    case (.int64, _): combine(source, starts, run, target, integers(reduction, Int64.self))
    case (.int8, _): combine(source, starts, run, target, integers(reduction, Int8.self))
    case (.uint8, _): combine(source, starts, run, target, integers(reduction, UInt8.self))
    default:
      combine(source, starts, run, target) { (a: UInt8, b: UInt8) in
        reduction == .add || reduction == .maximum ? a | b : a & b
      }
    }
  }

  private static func floats<Element: BinaryFloatingPoint>(_ reduction: Reduction, _ type: Element.Type)
    -> (Element, Element) -> Element
  {
    switch reduction {
    case .none: { $1 }
    case .add: { $0 + $1 }
    case .multiply: { $0 * $1 }
    case .maximum: { $0.isNaN || $0 > $1 ? $0 : $1 }
    case .minimum: { $0.isNaN || $0 < $1 ? $0 : $1 }
    }
  }

  private static func integers<Element: FixedWidthInteger>(_ reduction: Reduction, _ type: Element.Type)
    -> (Element, Element) -> Element
  {
    switch reduction {
    case .none: { $1 }
    case .add: { $0 &+ $1 }
    case .multiply: { $0 &* $1 }
    case .maximum: { max($0, $1) }
    case .minimum: { min($0, $1) }
    }
  }

  private static func combine<Element>(
    _ source: TensorView, _ starts: [Int], _ run: Int, _ target: TensorView,
    _ operation: (Element, Element) -> Element
  ) {
    let updates = unsafe source.words(Element.self)
    let result = unsafe target.words(Element.self)
    for (index, start) in starts.enumerated() {
      for i in 0..<run {
        unsafe result[start + i] = operation(result[start + i], updates[index * run + i])
      }
    }
  }
}
