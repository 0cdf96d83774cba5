package import TensorFiles

/// How the text of an argument becomes a value: `--epochs 20` → 20.
package struct ValueFormat<Value: Sendable>: Sendable {
  /// Stands for the value in the help: `N`, `FILE`.
  package let placeholder: String
  /// Completes `'abc' is not …`: `a whole number from 1 to 10`.
  package let expectation: String
  /// All accepted words, when they can be listed.
  package let choices: [String]
  /// What the help says about the limits, when the placeholder does not say it all: `1 to 10`.
  package let limits: String?
  /// The value of a text, nil when the text does not fit.
  package let read: @Sendable (String) -> Value?
  /// The value as it is written to a configuration file.
  package let encode: @Sendable (Value) -> JSONValue

  package init(
    placeholder: String, expectation: String, choices: [String] = [], limits: String? = nil,
    read: @escaping @Sendable (String) -> Value?, encode: @escaping @Sendable (Value) -> JSONValue
  ) {
    (self.placeholder, self.expectation, self.choices, self.limits) = (
      placeholder, expectation, choices, limits
    )
    (self.read, self.encode) = (read, encode)
  }
}

extension ValueFormat where Value == String {
  /// Any text that is not empty.
  package static func text(_ placeholder: String) -> Self {
    Self(
      placeholder: placeholder, expectation: "a \(placeholder.lowercased())", read: { $0.isEmpty ? nil : $0 },
      encode: { .string($0) })
  }

  /// The path of a file.
  package static var file: Self { path("FILE", "a path of a file") }

  /// The path of a folder.
  package static var folder: Self { path("DIR", "a path of a folder") }

  private static func path(_ placeholder: String, _ expectation: String) -> Self {
    Self(
      placeholder: placeholder, expectation: expectation,
      read: { $0.isEmpty || $0.contains("\0") ? nil : $0 }, encode: { .string($0) })
  }

  /// One of the given words.
  package static func word(_ placeholder: String = "NAME", of words: [String]) -> Self {
    Self(
      placeholder: placeholder, expectation: "one of \(words.joined(separator: ", "))", choices: words,
      read: { words.contains($0) ? $0 : nil }, encode: { .string($0) })
  }
}

extension ValueFormat where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of the cases of an enumeration, written as its raw value.
  package static func choice(of type: Value.Type, placeholder: String = "NAME") -> Self {
    let words = type.allCases.map(\.rawValue)
    return Self(
      placeholder: placeholder, expectation: "one of \(words.joined(separator: ", "))", choices: words,
      read: { Value(rawValue: $0) }, encode: { .string($0.rawValue) })
  }
}

extension ValueFormat where Value == Int {
  /// A whole number within limits.
  package static func integer(_ range: ClosedRange<Int> = 0...Int.max) -> Self {
    let limits =
      switch (range.lowerBound, range.upperBound) {
      case (.min, .max): ""
      case (let lower, .max): "\(lower) or more"
      case (let lower, let upper): "\(lower) to \(upper)"
      }
    let connection = range.upperBound == .max ? " of " : " from "
    return Self(
      placeholder: "N", expectation: "a whole number" + (limits.isEmpty ? "" : connection + limits),
      limits: limits.isEmpty || limits == "0 or more" ? nil : limits,
      read: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }, encode: { .integer($0) })
  }
}

extension ValueFormat where Value == Int {
  /// A number of bytes: `4GB` are 4 · 1000³, `500MiB` 500 · 1024².
  package static var size: Self {
    Self(
      placeholder: "SIZE", expectation: "a size such as 4GB, 500MiB or a number of bytes",
      read: { text in
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits), number.isFinite,
          let factor = factor(of: text.dropFirst(digits.count).lowercased())
        else { return nil }
        return Int(exactly: (number * factor).rounded(.down)).flatMap { $0 > 0 ? $0 : nil }
      }, encode: { .integer($0) })
  }

  /// Bytes of a unit: none, `b`, or k, m, g, t with `b` for powers of 1000 and `ib` for powers of 1024.
  private static func factor(of unit: String) -> Double? {
    guard !["", "b"].contains(unit) else { return 1 }
    guard let first = unit.first, let power = ["k", "m", "g", "t"].firstIndex(of: first) else { return nil }
    let base: Double
    switch unit.dropFirst() {
    case "", "b": base = 1000
    case "i", "ib": base = 1024
    default: return nil
    }
    return (0...power).reduce(1.0) { factor, _ in factor * base }
  }
}

extension ValueFormat where Value == Double {
  /// A finite number within limits, both included.
  package static func number(_ range: ClosedRange<Double>) -> Self {
    number("from \(plain(range.lowerBound)) to \(plain(range.upperBound))") { range.contains($0) }
  }

  /// A finite number within limits, the upper one left out.
  package static func number(_ range: Range<Double>) -> Self {
    number("from \(plain(range.lowerBound)) to below \(plain(range.upperBound))") { range.contains($0) }
  }

  /// A finite number greater than a limit.
  package static func number(above limit: Double) -> Self {
    number("above \(plain(limit))") { $0 > limit }
  }

  private static func number(_ limits: String, _ accepts: @escaping @Sendable (Double) -> Bool) -> Self {
    Self(
      placeholder: "X", expectation: "a number \(limits)", limits: limits,
      read: { text in Double(text).flatMap { $0.isFinite && accepts($0) ? $0 : nil } },
      encode: { .number($0) })
  }

  private static func plain(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? value.description
  }
}

extension ValueFormat {
  /// Values separated by commas, such as `51,5`.
  package static func list<Element: Sendable>(
    of element: ValueFormat<Element>, count: ClosedRange<Int> = 1...1000, example: String
  ) -> ValueFormat<[Element]> where Value == [Element] {
    let number =
      count.lowerBound == count.upperBound ? "\(count.lowerBound) values" : "a list of values"
    let limits = element.limits.map { ", each \($0)" } ?? ""
    return ValueFormat<[Element]>(
      placeholder: "LIST",
      expectation: "\(number) separated by commas such as \(example)\(limits)",
      limits: element.limits.map { "each \($0)" },
      read: { text in
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let values = parts.compactMap { element.read(String($0)) }
        return values.count == parts.count && count.contains(values.count) ? values : nil
      }, encode: { .array($0.map(element.encode)) })
  }
}
