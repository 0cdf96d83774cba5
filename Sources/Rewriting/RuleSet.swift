import Graphs
package import Operators

/// Rules in the order in which they are applied.
package struct RuleSet: Sendable {
  /// A group of rules that is repeated until none of them fits any more.
  package struct Stage: Sendable {
    /// The rules.
    package let rules: [any RewriteRule]
    /// Rounds after which the stage ends in any case.
    package let roundLimit: Int

    /// A stage.
    package init(_ rules: [any RewriteRule], roundLimit: Int = 32) {
      self.rules = rules
      self.roundLimit = roundLimit
    }
  }

  /// The stages.
  package let stages: [Stage]

  /// A set of rules.
  package init(stages: [Stage]) { self.stages = stages }

  /// What runs before differentiation: fused operators that have gradients of their own.
  package static let early = RuleSet(stages: [
    Stage([RemoveIdentity(), FoldBatchNormalization(), FuseLayerNormalization(), FuseGelu()]),
    Stage([FuseLinear(), RemoveIdentity(), MergeLayouts(), SinkLayout()]),
    Stage([FuseAttention(), ReadWindowsInPlace()], roundLimit: 1),
    Stage([FuseLinear(), RemoveIdentity(), MergeLayouts(), SinkLayout()]),
    Stage([FuseDepthwisePair(), FuseTokenDepthwisePair()]),
    Stage([LayMapsChannelsLast(), RemoveIdentity(), MergeLayouts()]),
    Stage([ComputeReadPositions()], roundLimit: 1),
  ])

  /// What runs after differentiation, and for inference after `early`.
  package static let late = RuleSet(stages: [
    Stage([RemoveIdentity(), MergeLayouts(), EliminateCommonNodes()]),
    Stage([DropUnusedResults()], roundLimit: 1),
    Stage([FuseLinearEpilogue()]),
  ])

  /// Rewrites a graph and tells what was done; the graph's `rules` say so too, after what they said before.
  ///
  /// - Parameters:
  ///   - barriers: values that must stay beside the graph's outputs: requested ones, and those to differentiate by.
  ///   - observe: called after each rule that changed something, with the rule and the graph as it then is.
  package func apply(
    to graph: LoweredGraph, barriers: Set<String> = [],
    observe: ((any RewriteRule, LoweredGraph) -> Void)? = nil
  ) throws(OperatorError) -> (graph: LoweredGraph, report: RewriteReport) {
    var editable = EditableGraph(graph, barriers: barriers)
    var report = RewriteReport()
    for stage in stages {
      for _ in 0..<stage.roundLimit {
        var changes = 0
        for rule in stage.rules {
          let count = try rule.apply(to: &editable)
          report.record(rule.label, count)
          changes += count
          if count > 0 { observe?(rule, editable.lowered()) }
        }
        if changes == 0 { break }
      }
    }
    report.failures = editable.failures
    var result = editable.lowered()
    let remaining = report.failures.isEmpty ? [] : Set(result.nodes.flatMap { [$0.label] + $0.outputs })
    var labels: [String] = []
    for rule in stages.flatMap(\.rules) where !labels.contains(rule.label) { labels.append(rule.label) }
    result.rules = RuleOutcome.merged(
      graph.rules, labels.map { report.outcome(of: $0, remaining: remaining) })
    return (result, report)
  }
}
