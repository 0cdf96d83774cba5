import TensorFiles

/// The JSON object given with `--config`: option names with `_` or `-` are its keys.
///
/// The objects `provenance` and `in_force`, in which a run says what it was made from and with, are passed over.
struct ConfigurationFile {
  let path: String
  let forms: [ArgumentForm]

  /// Keys of what a run says of itself.
  private static let records = ["provenance", "in_force"]

  /// The texts that the members stand for, by the spelling of the argument.
  ///
  /// Numbers, strings and truth values are single values; an array is a comma list, or the occurrences of a
  /// repeatable option; `null` is as if the key were missing.
  func givenTexts(in bytes: [UInt8]) throws -> [String: [GivenText]] {
    let content = try JSONValue(parsing: bytes, file: path, limits: .init(depth: 8, bytes: 1 << 20))
    guard let object = content.object else {
      throw UsageError("'\(path)' holds \(content.kind), expected an object with option names as keys")
    }
    let known = forms.filter { !CommonOptions.namesOutsideConfiguration.contains($0.name) }
    var given: [String: [GivenText]] = [:]
    for member in object.members where !Self.records.contains(member.key) || member.value.object == nil {
      let origin = "'\(path)', key '\(member.key)'"
      let key = String(member.key.map { $0 == "-" ? "_" : $0 })
      guard let form = known.first(where: { $0.configurationKey == key }) else {
        let meant = Suggestion.text(for: key, among: known.map(\.configurationKey))
        throw UsageError("\(origin): no such option\(meant)", field: member.key)
      }
      guard given[form.spelling] == nil else {
        throw UsageError("\(origin): the option is set twice", field: member.key)
      }
      if member.value == .null { continue }
      let values = form.isRepeatable ? member.value.array ?? [member.value] : [member.value]
      given[form.spelling] = try values.map { value in
        guard let text = value.argumentText else {
          throw UsageError(
            "\(origin): found \(value == [] ? "an empty array" : value.kind), expected \(form.valueKind)",
            field: member.key)
        }
        return GivenText(text: text, origin: origin)
      }
    }
    return given
  }
}

extension ArgumentForm {
  fileprivate var valueKind: String { kind == .flag ? "true or false" : "a value for \(spelling)" }
}
