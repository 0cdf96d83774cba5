/// What a rewriting rule did on the way to a graph, and where it came nearest to doing more.
package struct RuleOutcome: Sendable, Hashable {
  /// A place that looked like the rule's own and was left alone.
  package struct Failure: Sendable, Hashable {
    /// Label of the node where the rule gave up.
    package let node: String
    /// What was found and what would have been needed.
    package let reason: String

    /// A place with its reason.
    package init(node: String, reason: String) {
      self.node = node
      self.reason = reason
    }
  }

  /// The rule.
  package let rule: String
  /// Places where it fitted.
  package var applied: Int
  /// Of the places left alone that are still in the graph the one that came nearest to fitting, or nil.
  package var failure: Failure?

  /// An outcome.
  package init(rule: String, applied: Int, failure: Failure?) {
    self.rule = rule
    self.applied = applied
    self.failure = failure
  }

  /// Outcomes of one pass after those of another, one per rule.
  package static func merged(_ first: [RuleOutcome], _ second: [RuleOutcome]) -> [RuleOutcome] {
    var result = first
    for outcome in second {
      guard let index = result.firstIndex(where: { $0.rule == outcome.rule }) else {
        result.append(outcome)
        continue
      }
      result[index].applied += outcome.applied
      result[index].failure = result[index].failure ?? outcome.failure
    }
    return result
  }
}
