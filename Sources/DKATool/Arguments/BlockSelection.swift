/// Which blocks of a backbone are meant, counted from 0: `0-3,8,10-11`.
package struct BlockSelection: Sendable, Equatable, CustomStringConvertible {
  /// The ranges in the order they were written.
  package let ranges: [ClosedRange<Int>]

  /// Reads `0-3,8,10-11`; nil when the text is anything else or a range runs backwards.
  package init?(_ text: String) {
    var ranges: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let bounds = part.split(separator: "-", omittingEmptySubsequences: false)
      guard (1...2).contains(bounds.count),
        bounds.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) }),
        let first = Int(bounds[0]), let last = Int(bounds[bounds.count - 1]), first <= last
      else { return nil }
      ranges.append(first...last)
    }
    self.ranges = ranges
  }

  /// The selected indices in ascending order, each once; all must be below `count`.
  package func indices(of count: Int, option: String = "--blocks") throws(UsageError) -> [Int] {
    for range in ranges where range.upperBound >= count {
      throw UsageError(
        "\(option): block \(range.upperBound) does not exist; the model has \(count), counted from 0",
        field: option)
    }
    return (0..<count).filter { index in ranges.contains { $0.contains(index) } }
  }

  package var description: String {
    ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isWholeNumber }
}
