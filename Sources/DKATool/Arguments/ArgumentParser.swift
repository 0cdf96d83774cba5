/// Reads what follows the verb on a command line.
///
/// Long options are `--name value` or `--name=value`, short ones `-o value`; options and positional arguments may be
/// mixed; everything after `--` is positional. An option stands there once unless it is declared as repeatable.
package struct ArgumentParser {
  private let command: any Command.Type
  private let definitions: [any ArgumentDefinition]
  private let readFile: (String) throws -> [UInt8]
  private var given: [String: [GivenText]] = [:]
  private var positionals: [String] = []

  /// A parser for one command line; `readFile` gives the content of the file named by `--config`.
  package init(_ command: any Command.Type, readFile: @escaping (String) throws -> [UInt8]) {
    (self.command, self.readFile) = (command, readFile)
    definitions = command.allArguments.flatMap(\.definitions)
  }

  /// True when `--help` or `-h` stands among the words, before `--`.
  package static func asksForHelp(_ words: [String]) -> Bool {
    words.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
  }

  /// The values of all arguments, checked; throws a `UsageError` or what reading the configuration file throws.
  package mutating func parse(_ words: [String]) throws -> ParsedArguments {
    do {
      try readWords(words)
      try assignPositionals()
      if let path = given[CommonOptions.configuration.form.spelling]?.first?.text, command.readsConfiguration
      {
        try fillIn(from: path)
      }
      if let implied = command.impliedConfiguration({ given[$0.spelling]?.first?.text }) {
        for (form, text) in implied.texts where given[form.spelling] == nil {
          given[form.spelling] = [GivenText(text: text, origin: form.spelling)]
        }
        if let path = implied.path { try fillIn(from: path) }
      }
      let parsed = try ParsedArguments(given, definitions: definitions)
      if parsed[CommonOptions.quiet], parsed[CommonOptions.verbose] {
        throw UsageError("--quiet and --verbose exclude each other", field: "--quiet")
      }
      return parsed
    } catch var error as UsageError {
      error.verb = command.name
      throw error
    }
  }

  /// Takes from a configuration file what has no value yet.
  private mutating func fillIn(from path: String) throws {
    let file = ConfigurationFile(path: path, forms: definitions.map(\.form))
    given.merge(try file.givenTexts(in: try readFile(path))) { earlier, _ in earlier }
  }

  private mutating func readWords(_ words: [String]) throws(UsageError) {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        positionals += rest
        return
      }
      guard word.hasPrefix("-"), word != "-" else {
        positionals.append(word)
        continue
      }
      let (name, attached) = split(word)
      let form = try form(named: name)
      let text: String
      if let attached {
        text = attached
      } else if form.kind == .flag {
        text = "true"
      } else if form.standsAloneBeside != nil, standsAlone(form, before: rest.first, words) {
        text = "true"
      } else {
        text = try takeValue(of: form, from: &rest)
      }
      given[form.spelling, default: []].append(GivenText(text: text, origin: form.spelling))
    }
  }

  /// Whether an option whose value may be left out has none here.
  private func standsAlone(_ form: ArgumentForm, before next: String?, _ words: [String]) -> Bool {
    guard let next, !next.hasPrefix("-") else { return true }
    let other = definitions.map(\.form).first { $0.spelling == form.standsAloneBeside }
    return words.prefix { $0 != "--" }.contains { word in
      let name = split(word).name
      return name == other?.spelling || other?.short.map { "-\($0)" } == name
    }
  }

  private func split(_ word: String) -> (name: String, value: String?) {
    guard let sign = word.firstIndex(of: "=") else { return (word, nil) }
    return (String(word[..<sign]), String(word[word.index(after: sign)...]))
  }

  private func form(named name: String) throws(UsageError) -> ArgumentForm {
    let options = definitions.map(\.form).filter { $0.kind != .positional }
    if let form = options.first(where: { $0.spelling == name || $0.short.map { "-\($0)" } == name }) {
      return form
    }
    let foreign = ForeignOption.text(for: name, among: definitions.map(\.form))
    guard foreign.isEmpty else { throw UsageError("unknown option '\(name)'\(foreign)", field: name) }
    let isOneDash = !name.hasPrefix("--") && name.count > 2
    let meant =
      isOneDash && options.contains { $0.spelling == "-" + name }
      ? "; did you mean '-\(name)'?" : Suggestion.text(for: name, among: options.map(\.spelling) + ["--help"])
    throw UsageError("unknown option '\(name)'\(meant)", field: name)
  }

  private func takeValue(of form: ArgumentForm, from rest: inout ArraySlice<String>) throws(UsageError)
    -> String
  {
    guard let value = rest.first, value != "--" else {
      throw UsageError(
        "\(form.spelling) needs a value: \(form.spelling) \(form.placeholder)", field: form.spelling)
    }
    if value.hasPrefix("-"), value != "-", Double(value) == nil {
      throw UsageError(
        "\(form.spelling) needs a value but '\(value)' follows; "
          + "a value that begins with a dash is written \(form.spelling)=\(value)", field: form.spelling)
    }
    rest.removeFirst()
    return value
  }

  private mutating func assignPositionals() throws(UsageError) {
    let forms = definitions.map(\.form).filter { $0.kind == .positional }
    var rest = positionals[...]
    for form in forms {
      let words = form.isRepeatable ? rest : rest.prefix(1)
      guard !words.isEmpty else { return }
      given[form.spelling] = words.map { GivenText(text: $0, origin: form.spelling) }
      rest.removeFirst(words.count)
    }
    guard let word = rest.first else { return }
    let expected = forms.isEmpty ? "no argument without a name" : forms.map(\.name).joined(separator: " ")
    throw UsageError("unexpected argument '\(word)'; dka \(command.name) takes \(expected)", field: word)
  }
}
