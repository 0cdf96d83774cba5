import Tensors

/// What the values of masks mean: the classes of pixels, in the order of a network's channels.
public struct MaskClasses: Sendable, Equatable {
  /// Names by class.
  public let names: [String]
  /// The value in mask files by class.
  public let values: [Int]
  /// The value of pixels that count nowhere; nil where every pixel counts.
  public let ignored: Int?

  /// Classes of pixels; as many values as names.
  public init(names: [String], values: [Int], ignored: Int? = nil) {
    precondition(names.count == values.count, "\(names.count) names for \(values.count) values")
    (self.names, self.values, self.ignored) = (names, values, ignored)
  }

  /// The class of what belongs to nothing: that of value 0.
  public var background: Int? { values.firstIndex(of: 0) }

  /// The other classes.
  public var foreground: [Int] { names.indices.filter { $0 != background } }

  /// Name of the value that counts nowhere, in texts.
  static let ignoredName = "ignore"

  /// Values that are believed: those of 16 bits.
  static let valueRange = 0...65535

  /// `NAME=VALUE,…` in the order of the classes, `ignore=VALUE` for what counts nowhere.
  public var text: String {
    (zip(names, values).map { "\($0)=\($1)" } + (ignored.map { ["\(Self.ignoredName)=\($0)"] } ?? []))
      .joined(separator: ",")
  }

  /// Reads `NAME=VALUE,…`.
  ///
  /// - Throws: where a part is none, or a name or value stands there twice, or there are fewer than two classes.
  public init(parsing text: String) throws(DatasetError) {
    func usage(_ message: String) -> DatasetError {
      DatasetError(
        .usage, message, hint: "write NAME=VALUE,…, such as background=0,benign=1,malignant=2,ignore=255")
    }
    var names: [String] = []
    var values: [Int] = []
    var ignored: Int?
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let mark = part.lastIndex(of: "="),
        let value = Int(ClassName.trimmed(String(part[part.index(after: mark)...]))),
        Self.valueRange.contains(value)
      else { throw usage("'\(part)' is not a name with a value of 0 to 65535") }
      let name = ClassName.trimmed(String(part[..<mark]))
      guard !name.isEmpty else { throw usage("'\(part)' has no name") }
      guard !names.contains(name), !values.contains(value), value != ignored else {
        throw usage("'\(part)': the name or the value stands there twice")
      }
      if name.lowercased() == Self.ignoredName {
        ignored = value
      } else {
        names.append(name)
        values.append(value)
      }
    }
    guard names.count >= 2 else { throw usage("one class leaves nothing to tell apart") }
    self.init(names: names, values: values, ignored: ignored)
  }

  /// The classes that values of masks come to where nobody names them.
  ///
  /// {0, x} are background and foreground, whatever x is. Else the values are classes in ascending order, 0 being the background,
  /// and 255 beside other values above 0 counts nowhere.
  ///
  /// - Returns: nil where there is one value only.
  init?(found values: Set<Int>) {
    let others = values.subtracting([0])
    guard others.count + 1 > 1, values.count > 1 else { return nil }
    if others.count == 1, let value = others.first, values.contains(0) {
      self.init(names: ["background", "foreground"], values: [0, value])
      return
    }
    let isIgnoring = others.contains(255) && others.count > 1
    let classes = values.subtracting(isIgnoring ? [255] : []).sorted()
    guard classes.count > 1 else { return nil }
    self.init(
      names: classes.map { $0 == 0 ? "background" : "\($0)" }, values: classes,
      ignored: isIgnoring ? 255 : nil)
  }

  /// The same classes with the value that masks of a background and one other class use for that one.
  func taking(found values: Set<Int>) -> MaskClasses {
    let others = values.subtracting([0])
    guard names.count == 2, let background, others.count == 1, let value = others.first else { return self }
    var changed = self.values
    changed[1 - background] = value
    return MaskClasses(names: names, values: changed)
  }

  /// The same classes with the names that segmentations have for their values, where each has its own.
  func named(_ segments: [Int: String]) -> MaskClasses {
    let found = zip(names, values).map { segments[$1].map(ClassName.trimmed) ?? $0 }
    guard Set(found).count == found.count,
      found.allSatisfy({ !$0.isEmpty && $0.lowercased() != Self.ignoredName })
    else {
      return self
    }
    return MaskClasses(names: found, values: values, ignored: ignored)
  }

  /// The class of every pixel with these values, -1 where it counts nowhere; nil at the first value that means nothing.
  func table() -> [Int: Int16] {
    var table: [Int: Int16] = [:]
    for (index, value) in values.enumerated() { table[value] = Int16(clamping: index) }
    if let ignored { table[ignored] = Mask.ignoredClass }
    return table
  }
}
