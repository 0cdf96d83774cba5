/// How a batch is cut.
package enum MicroBatches {
  /// Consecutive ranges of at most `size` images that cover `count`.
  package static func ranges(of count: Int, size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }
}
