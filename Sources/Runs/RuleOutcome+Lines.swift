package import Operators
package import TensorFiles

extension RuleOutcome {
  /// One of the `rules` that CLI.md names.
  package var json: JSONValue {
    [
      "rule": .string(rule), "applied": .integer(applied),
      "failure": failure.map { ["node": .string($0.node), "reason": .string($0.reason)] } ?? .null,
    ]
  }

  /// The same for people.
  package var line: String {
    "rule         \(rule): \(applied)\(failure.map { "; not at '\($0.node)': \($0.reason)" } ?? "")"
  }
}
