package import TensorFiles

/// The arguments of one invocation, all of them checked.
package struct ParsedArguments: Sendable {
  private let given: [String: [GivenText]]
  private let definitions: [any ArgumentDefinition]

  /// Decodes every argument once, so that all mistakes are found before the work begins.
  init(_ given: [String: [GivenText]], definitions: [any ArgumentDefinition]) throws(UsageError) {
    (self.given, self.definitions) = (given, definitions)
    for definition in definitions { _ = try definition.record(given[definition.form.spelling] ?? []) }
  }

  /// The value of an argument that the verb declares.
  package subscript<Definition: ArgumentDefinition>(_ definition: Definition) -> Definition.Value {
    precondition(
      definitions.contains { $0.form.spelling == definition.form.spelling },
      "the verb reads \(definition.form.spelling) but does not declare it")
    guard let value = try? definition.decode(given[definition.form.spelling] ?? []) else {
      preconditionFailure("\(definition.form.spelling) was not checked")
    }
    return value
  }

  /// True when the argument stands on the command line or in the configuration file.
  package func isGiven(_ definition: some ArgumentDefinition) -> Bool {
    given[definition.form.spelling] != nil
  }

  /// True when the argument stands on the command line itself.
  package func isOnCommandLine(_ definition: some ArgumentDefinition) -> Bool {
    given[definition.form.spelling]?.first?.origin == definition.form.spelling
  }

  /// Every argument with its value or default, in the order of declaration, as `--config` reads it back.
  package var configuration: JSONObject {
    var object = JSONObject()
    for definition in definitions
    where !CommonOptions.namesOutsideConfiguration.contains(definition.form.name) {
      guard let value = try? definition.record(given[definition.form.spelling] ?? []), value != .null else {
        continue
      }
      object[definition.form.configurationKey] = value
    }
    return object
  }

  /// Keys in a configuration file of the arguments that have neither a value nor a default.
  package var openKeys: [String] {
    definitions.filter { definition in
      !CommonOptions.namesOutsideConfiguration.contains(definition.form.name)
        && (try? definition.record(given[definition.form.spelling] ?? [])) == .null
    }.map(\.form.configurationKey)
  }
}

extension ArgumentForm {
  /// The key in a configuration file: `image_size`, `model`.
  var configurationKey: String { String(name.lowercased().map { $0 == "-" ? "_" : $0 }) }
}
