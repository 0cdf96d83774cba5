/// A verb of the tool: it declares its arguments, calls the library and prints.
///
/// One file in `Commands/` and one line in `CommandRegistry`. Arguments are static constants, so that the declaration,
/// the help and the typed value come from one place:
///
///     static let batch = Option("batch", .integer(1...4096), default: 8, "images per step")
///     …
///     batch = arguments[Self.batch]                                          // Int
package protocol Command: Sendable {
  /// What one types: `train`.
  static var name: String { get }
  /// One line in lower case, for the list of verbs.
  static var summary: String { get }
  /// What one must know beyond the options; may have several paragraphs.
  static var discussion: String { get }
  /// Every argument of the verb, in the order of the help. Those that all verbs have are added.
  static var arguments: [ArgumentGroup] { get }
  /// Two or three commands that one can copy.
  static var examples: [CommandExample] { get }
  /// True when the verb has `--json`.
  static var hasJSON: Bool { get }
  /// True when the verb has `--config`.
  static var readsConfiguration: Bool { get }

  /// What the arguments given so far, by form, imply about those that are not given.
  static func impliedConfiguration(_ text: (ArgumentForm) -> String?) -> ImpliedConfiguration?

  /// Takes the values out of the arguments and checks what concerns several of them.
  init(_ arguments: ParsedArguments) throws
  /// Does the work; results go to `console.result`, the rest to its other functions.
  func run(_ console: Console) throws -> ExitCode
}

extension Command {
  package static var discussion: String { "" }
  package static var hasJSON: Bool { false }
  package static var readsConfiguration: Bool { false }
  package static func impliedConfiguration(_ text: (ArgumentForm) -> String?) -> ImpliedConfiguration? { nil }

  /// The verb's own arguments and those of every verb.
  package static var allArguments: [ArgumentGroup] {
    arguments + [CommonOptions.group(json: hasJSON, configuration: readsConfiguration)]
  }
}

/// Values for arguments that were given neither on the command line nor in the file of `--config`.
package struct ImpliedConfiguration {
  /// Texts that go before those of the file.
  package var texts: [(form: ArgumentForm, text: String)] = []
  /// A configuration file, or nil for none.
  package var path: String?

  package init() {}
}

/// Arguments that the help lists under one title.
package struct ArgumentGroup: Sendable {
  package let title: String
  package let definitions: [any ArgumentDefinition]

  package init(_ title: String, _ definitions: [any ArgumentDefinition]) {
    (self.title, self.definitions) = (title, definitions)
  }
}

/// A command line that shows how a verb is used.
package struct CommandExample: Sendable {
  package let purpose: String
  package let words: String

  /// `words` is what follows `dka`: `bench vit.onnx --batch 8`.
  package init(_ purpose: String, _ words: String) {
    (self.purpose, self.words) = (purpose, words)
  }
}
