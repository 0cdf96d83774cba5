package import Operators

/// A change of a lowered graph that keeps what its outputs are.
///
/// A rule visits nodes in the graph's order, never a dictionary, so that the same graph always gives the same result.
package protocol RewriteRule: Sendable {
  /// What the rule does, as `--verbose` names it.
  var label: String { get }

  /// Applies the rule once to every place where it fits and returns their number.
  func apply(to graph: inout EditableGraph) throws(OperatorError) -> Int
}

/// Why a rule left a place alone that looked like its own.
package struct MatchFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The rule.
  package let rule: String
  /// Label of the node where the rule gave up.
  package let node: String
  /// What was found and what would have been needed.
  package let reason: String
  /// How many steps of the rule fitted before: what came nearest is told first.
  package var progress = 0

  /// A failure.
  package init(rule: String, node: String, reason: String) {
    self.rule = rule
    self.node = node
    self.reason = reason
  }

  /// One line for `--verbose`.
  package var description: String { "\(rule): '\(node)': \(reason)" }
}

/// What a set of rules did to a graph.
package struct RewriteReport: Sendable {
  /// How often a rule fitted.
  package struct Entry: Sendable, Hashable {
    /// The rule.
    package let label: String
    /// Places where it fitted.
    package var count: Int
  }
  /// Rules in the order in which they first fitted.
  package private(set) var entries: [Entry] = []
  /// Places that rules left alone.
  package internal(set) var failures: [MatchFailure] = []

  /// An empty report.
  package init() {}

  /// What a rule did, and of its failures at nodes or values of `remaining` the one that came nearest to fitting.
  func outcome(of label: String, remaining: Set<String>) -> RuleOutcome {
    var nearest: MatchFailure?
    for failure in failures where failure.rule == label && remaining.contains(failure.node) {
      if failure.progress > nearest?.progress ?? -1 { nearest = failure }
    }
    return RuleOutcome(
      rule: label, applied: count(of: label),
      failure: nearest.map { RuleOutcome.Failure(node: $0.node, reason: $0.reason) })
  }

  /// How often the rule of a label fitted.
  package func count(of label: String) -> Int { entries.first { $0.label == label }?.count ?? 0 }

  mutating func record(_ label: String, _ count: Int) {
    guard count > 0 else { return }
    if let index = entries.firstIndex(where: { $0.label == label }) {
      entries[index].count += count
    } else {
      entries.append(Entry(label: label, count: count))
    }
  }
}
