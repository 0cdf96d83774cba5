import Tensors

/// An Einsum equation of one or two terms, with its labels bound to extents.
struct EinsumEquation {
  /// Labels per operand, and of the result; an ellipsis stands as labels of its own.
  let operands: [[Character]]
  let result: [Character]
  /// Extent per label.
  let extents: [Character: Int]

  /// Reads an equation for operands of given shapes.
  ///
  /// Without an arrow the result has the labels that occur once, in alphabetical order, behind the ellipsis.
  init(_ text: String, _ shapes: [Shape]) throws(OperatorError) {
    let compact = text.filter { $0 != " " }
    let arrow = compact.range(of: "->")
    let left = arrow.map { String(compact[..<$0.lowerBound]) } ?? compact
    let terms = left.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard terms.count == shapes.count else {
      throw .invalid("equation '\(text)' has \(terms.count) terms for \(shapes.count) inputs")
    }
    var operands: [[Character]] = []
    var extents: [Character: Int] = [:]
    var widest = 0
    for (term, shape) in zip(terms, shapes) {
      let named = term.replacing("...", with: "").count
      let hidden = shape.rank - named
      guard term.contains("...") ? hidden >= 0 : hidden == 0 else {
        throw .invalid("term '\(term)' of equation '\(text)' does not fit \(shape)")
      }
      widest = term.contains("...") ? max(widest, hidden) : widest
      let labels = try Self.labels(of: term, hidden: hidden, text)
      for (label, extent) in zip(labels, shape.extents) {
        let known = extents[label] ?? 1
        guard known == extent || known == 1 || extent == 1 else {
          throw .invalid("label '\(label)' of equation '\(text)' has extents \(known) and \(extent)")
        }
        extents[label] = max(known, extent == 1 ? known : extent)
        if extent == 0 { extents[label] = 0 }
      }
      operands.append(labels)
    }
    if let arrow {
      result = try Self.labels(of: String(compact[arrow.upperBound...]), hidden: widest, text)
    } else {
      let all = operands.flatMap { $0 }
      let single = Set(all.filter { label in all.count { $0 == label } == 1 && label.isLetter })
      result = (0..<widest).map { Self.hiddenLabel(widest - 1 - $0) } + single.sorted()
    }
    guard Set(result).count == result.count, result.allSatisfy({ extents[$0] != nil }) else {
      throw .invalid("the result of equation '\(text)' repeats a label or has an unknown one")
    }
    self.operands = operands
    self.extents = extents
  }

  /// The result's extents.
  var resultExtents: [Int] { extents(of: result) }

  /// The extents of some labels.
  func extents(of labels: [Character]) -> [Int] { labels.map { extents[$0] ?? 1 } }

  /// Strides that read an operand by labels: zero for labels it lacks, summed for those it repeats.
  func strides(of operand: Int, _ shape: Shape, by labels: [Character]) -> [Int] {
    let own = shape.strides
    return labels.map { label in
      operands[operand].indices.reduce(0) { sum, axis in
        operands[operand][axis] == label && shape.extents[axis] != 1 ? sum + own[axis] : sum
      }
    }
  }

  /// The axes hidden by an ellipsis, counted from the last, as labels that no equation can contain.
  private static func hiddenLabel(_ position: Int) -> Character {
    Character(Unicode.Scalar(UInt8(48 + min(position, 9))))
  }

  private static func labels(of term: String, hidden: Int, _ text: String) throws(OperatorError)
    -> [Character]
  {
    let parts = term.split(separator: "...", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count <= 2, hidden <= 10, parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isLetter } })
    else { throw .unsupported("term '\(term)' of equation '\(text)'") }
    guard parts.count == 2 else { return Array(term) }
    return Array(parts[0]) + (0..<hidden).map { hiddenLabel(hidden - 1 - $0) } + Array(parts[1])
  }
}

extension String {
  fileprivate func range(of part: String) -> Range<String.Index>? { firstRange(of: part) }
}
