package import Tensors

/// Class numbers of positions, as int32 or int64, read where they lie.
package struct ClassLabels {
  private let view: TensorView
  private let isNarrow: Bool

  /// Labels of a tensor.
  package init(_ view: TensorView) {
    precondition(
      view.elementType == .int32 || view.elementType == .int64, "labels are \(view.elementType.name)")
    (self.view, isNarrow) = (view, view.elementType == .int32)
  }

  /// Number of labels.
  package var count: Int { view.count }

  /// The label of a position.
  @inline(__always)
  subscript(index: Int) -> Int {
    unsafe isNarrow
      ? Int(view.words(Int32.self)[index]) : Int(truncatingIfNeeded: view.words(Int64.self)[index])
  }

  /// The first label that is neither a class nor the ignored one.
  package func firstOutside(classes: Int, ignored: Int?, _ options: KernelOptions) -> Int? {
    let found = Chunks(count: count).map(options, -1) { range in
      range.first { index in
        let label = self[index]
        return (label < 0 || label >= classes) && label != ignored
      } ?? -1
    }
    return found.first { $0 >= 0 }.map { self[$0] }
  }
}

/// Positions cut into pieces of a fixed length, so that what is summed piece by piece does not depend on the number of threads.
struct Chunks {
  private static let length = 4096
  private let count: Int

  /// Pieces of 0 ..< count.
  init(count: Int) { self.count = count }

  /// What a function makes of each piece, in their order.
  @inline(__always)
  func map<Result>(_ options: KernelOptions, _ empty: Result, _ body: (Range<Int>) -> Result) -> [Result] {
    let pieces = (count + Self.length - 1) / Self.length
    guard pieces > 1 else { return [body(0..<count)] }
    var results = [Result](repeating: empty, count: pieces)
    unsafe results.withUnsafeMutableBufferPointer { results in
      // Pieces write disjoint elements of an array that nobody reads before all of them are done.
      let base = results.baseAddress
      parallelFor(pieces, threads: options.threads) { piece, _ in
        let range = piece * Self.length..<min((piece + 1) * Self.length, count)
        unsafe base?.advanced(by: piece).pointee = body(range)
      }
    }
    return results
  }
}
