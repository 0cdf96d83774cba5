/// Names of classes out of folders and tables.
///
/// Swift compares text as Unicode does, so that a name in two canonically equal forms is one name, and orders it by the scalars of
/// its composed form (NFC): the order of the UTF-8 bytes where names are in that form.
enum ClassName {
  /// A name without the blanks and byte order marks around it.
  static func trimmed(_ name: String) -> String {
    let scalars = name.unicodeScalars
    guard let first = scalars.firstIndex(where: { !isBlank($0) }),
      let last = scalars.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(scalars[first...last])
  }

  /// Every name once and trimmed, without empty ones, in order; of two forms the shorter, which is the composed one.
  static func distinct(_ names: [String]) -> [String] {
    var spellings: [String: String] = [:]
    for name in names.map(trimmed) where !name.isEmpty {
      guard let known = spellings[name] else {
        spellings[name] = name
        continue
      }
      if name.utf8.count < known.utf8.count { spellings[name] = name }
    }
    return spellings.values.sorted()
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || scalar == "\u{FEFF}" || scalar == "\u{200B}"
  }
}
