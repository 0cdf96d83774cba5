package import TensorFiles

/// One text given for an argument, with where it came from: `--epochs`, or `run.json, key 'epochs'`.
package struct GivenText: Sendable, Equatable {
  package let text: String
  package let origin: String
}

/// What the parser and the help know of an argument, without the type of its value.
package struct ArgumentForm: Sendable {
  /// How an argument is recognised on the command line.
  package enum Kind: Sendable { case option, flag, positional }

  package let name: String
  package let short: Character?
  package let kind: Kind
  package let placeholder: String
  package let help: String
  package let choices: [String]
  package let limits: String?
  package let defaultText: String?
  package let isRequired: Bool
  package let isRepeatable: Bool
  /// For an option whose value may be left out: the option beside which it never takes the next word as its value.
  package let standsAloneBeside: String?

  /// As a user writes it: `--epochs`, `MODEL`.
  package var spelling: String { kind == .positional ? name : "--\(name)" }
}

/// An argument that a verb declares.
package protocol ArgumentDefinition<Value>: Sendable {
  associatedtype Value: Sendable
  var form: ArgumentForm { get }
  /// The value of the texts given for this argument, none when it was left out.
  func decode(_ given: [GivenText]) throws(UsageError) -> Value
  /// The value of the texts as a configuration file says it; `null` when there is none.
  func record(_ given: [GivenText]) throws(UsageError) -> JSONValue
}

/// `--name VALUE` or `--name=VALUE`, and `--name` alone for a flag.
///
/// The type of the value says how often the option may stand there: `Int` has a default or is required, `Int?` may be
/// left out, `[Int]` may be repeated.
package struct Option<Value: Sendable>: ArgumentDefinition {
  package let form: ArgumentForm
  private let decoder: @Sendable ([GivenText]) throws(UsageError) -> Value
  private let encoder: @Sendable (Value) -> JSONValue

  private init(
    form: ArgumentForm, encoder: @escaping @Sendable (Value) -> JSONValue,
    decoder: @escaping @Sendable ([GivenText]) throws(UsageError) -> Value
  ) {
    (self.form, self.decoder, self.encoder) = (form, decoder, encoder)
  }

  package func decode(_ given: [GivenText]) throws(UsageError) -> Value { try decoder(given) }

  package func record(_ given: [GivenText]) throws(UsageError) -> JSONValue { encoder(try decoder(given)) }

  /// An option with a default.
  package init(
    _ name: String, short: Character? = nil, _ format: ValueFormat<Value>, default fallback: Value,
    _ help: String
  ) {
    let text = format.encode(fallback).argumentText
    self.init(
      form: ArgumentForm(name, short, .option, format, help, defaultText: text), encoder: format.encode
    ) { given throws(UsageError) in try format.single(given) ?? fallback }
  }

  /// An option that must be given.
  package init(required name: String, short: Character? = nil, _ format: ValueFormat<Value>, _ help: String) {
    let form = ArgumentForm(name, short, .option, format, help, isRequired: true)
    self.init(form: form, encoder: format.encode) { given throws(UsageError) in
      guard let value = try format.single(given) else { throw form.missing }
      return value
    }
  }

  /// An option that may be left out.
  package init<Wrapped: Sendable>(
    _ name: String, short: Character? = nil, _ format: ValueFormat<Wrapped>, _ help: String
  ) where Value == Wrapped? {
    self.init(
      form: ArgumentForm(name, short, .option, format, help), encoder: { $0.map(format.encode) ?? .null }
    ) { given throws(UsageError) in try format.single(given) }
  }

  /// An option that may be given several times, each time with one value.
  package init<Element: Sendable>(
    repeating name: String, short: Character? = nil, _ format: ValueFormat<Element>, isRequired: Bool = false,
    _ help: String
  ) where Value == [Element] {
    let form = ArgumentForm(
      name, short, .option, format, help, isRequired: isRequired, isRepeatable: true)
    self.init(form: form, encoder: { .array($0.map(format.encode)) }) { given throws(UsageError) in
      try format.all(given, form: form)
    }
  }
}

extension Option where Value == Bool {
  /// A flag: off unless given; `--name=false` turns off what a configuration file turned on.
  package init(flag name: String, short: Character? = nil, _ help: String) {
    let format = ValueFormat<Bool>(
      placeholder: "", expectation: "true or false", read: { Bool($0) }, encode: { .bool($0) })
    self.init(form: ArgumentForm(name, short, .flag, format, help), encoder: format.encode) {
      given throws(UsageError) in try format.single(given) ?? false
    }
  }
}

/// The value of an option that may also stand alone.
package enum OptionalText: Sendable, Equatable {
  case absent, alone
  case value(String)
}

extension Option where Value == OptionalText {
  /// An option that may stand alone, as a flag does, or take a value.
  ///
  /// The next word is its value unless it begins with a dash or the option `standsAloneBeside` is on the command line too.
  package init(
    optionalValue name: String, _ format: ValueFormat<String>, standsAloneBeside: String, _ help: String
  ) {
    let form = ArgumentForm(name, nil, .option, format, help, standsAloneBeside: "--" + standsAloneBeside)
    let flag = ValueFormat<Bool>(
      placeholder: "", expectation: "true or false", read: { Bool($0) }, encode: { .bool($0) })
    self.init(
      form: form,
      encoder: { value in
        switch value {
        case .absent: .null
        case .alone: .bool(true)
        case .value(let text): format.encode(text)
        }
      }
    ) { given throws(UsageError) in
      if let text = given.first?.text, given.count == 1, let isSet = flag.read(text) {
        return isSet ? .alone : .absent
      }
      return try format.single(given).map { .value($0) } ?? .absent
    }
  }
}

/// An argument without a name, recognised by its place: `MODEL`.
package struct Positional<Value: Sendable>: ArgumentDefinition {
  package let form: ArgumentForm
  private let decoder: @Sendable ([GivenText]) throws(UsageError) -> Value
  private let encoder: @Sendable (Value) -> JSONValue

  package func decode(_ given: [GivenText]) throws(UsageError) -> Value { try decoder(given) }

  package func record(_ given: [GivenText]) throws(UsageError) -> JSONValue { encoder(try decoder(given)) }

  /// An argument that must be given.
  package init(_ name: String, _ format: ValueFormat<Value>, _ help: String) {
    let form = ArgumentForm(name, nil, .positional, format, help, isRequired: true)
    self.form = form
    encoder = format.encode
    decoder = { given throws(UsageError) in
      guard let value = try format.single(given) else { throw form.missing }
      return value
    }
  }

  /// An argument that may be left out.
  package init<Wrapped: Sendable>(optional name: String, _ format: ValueFormat<Wrapped>, _ help: String)
  where Value == Wrapped? {
    form = ArgumentForm(name, nil, .positional, format, help)
    encoder = { $0.map(format.encode) ?? .null }
    decoder = { given throws(UsageError) in try format.single(given) }
  }

  /// All remaining arguments, at least one.
  package init<Element: Sendable>(repeating name: String, _ format: ValueFormat<Element>, _ help: String)
  where Value == [Element] {
    let form = ArgumentForm(name, nil, .positional, format, help, isRequired: true, isRepeatable: true)
    self.form = form
    encoder = { .array($0.map(format.encode)) }
    decoder = { given throws(UsageError) in try format.all(given, form: form) }
  }
}

extension ArgumentForm {
  fileprivate init<Value>(
    _ name: String, _ short: Character?, _ kind: Kind, _ format: ValueFormat<Value>, _ help: String,
    defaultText: String? = nil, isRequired: Bool = false, isRepeatable: Bool = false,
    standsAloneBeside: String? = nil
  ) {
    (self.name, self.short, self.kind, self.help) = (name, short, kind, help)
    (placeholder, choices, limits) = (format.placeholder, format.choices, format.limits)
    (self.defaultText, self.isRequired, self.isRepeatable) = (defaultText, isRequired, isRepeatable)
    self.standsAloneBeside = standsAloneBeside
  }

  fileprivate var missing: UsageError {
    UsageError(
      kind == .positional ? "\(name) is missing: \(help)" : "--\(name) \(placeholder) is missing: \(help)",
      field: spelling)
  }
}

extension ValueFormat {
  fileprivate func single(_ given: [GivenText]) throws(UsageError) -> Value? {
    guard let first = given.first else { return nil }
    if given.count > 1 {
      throw UsageError(
        "\(first.origin) is given twice: '\(first.text)' and '\(given[1].text)'", field: first.origin)
    }
    return try value(of: first)
  }

  fileprivate func all(_ given: [GivenText], form: ArgumentForm) throws(UsageError) -> [Value] {
    if given.isEmpty, form.isRequired { throw form.missing }
    var values: [Value] = []
    for text in given { values.append(try value(of: text)) }
    return values
  }

  private func value(of given: GivenText) throws(UsageError) -> Value {
    guard let value = read(given.text) else {
      throw UsageError(
        "\(given.origin): '\(given.text)' is not \(expectation)"
          + Suggestion.text(for: given.text, among: choices),
        field: given.origin)
    }
    return value
  }
}
