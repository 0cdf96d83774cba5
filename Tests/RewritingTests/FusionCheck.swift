import Foundation
import Graphs
import Kernels
import ONNXFormat
import Operators
import Rewriting
import Tensors
import TestSupport

/// A model file before and after the rules.
struct FusionCheck {
  /// The graph as it was lowered.
  let plain: LoweredGraph
  /// The graph after the early rules but the last, which leaves out what nobody reads.
  let whole: LoweredGraph
  /// The graph after the early rules.
  let early: LoweredGraph
  /// The graph after the late rules, as inference runs it.
  let fused: LoweredGraph
  /// What the rules did.
  let reports: [RewriteReport]
  /// Promises of a graph that a rule broke, with the rule.
  let problems: [String]

  /// Lowers a model with open dimensions set to `batch` and applies the rules.
  init(_ model: ModelDescription, batch: Int = 2) throws {
    let context = ExecutionContext(options: KernelOptions(threads: 1, level: .portable))
    let lowering = Lowering(registry: .standard, context: context)
    plain = try lowering.lower(model.bindingBatch(batch))
    var problems = plain.problems(in: .lowered)
    whole = try RuleSet(stages: Array(RuleSet.early.stages.dropLast())).apply(to: plain)
      .graph
    let first = try RuleSet.early.apply(to: plain) { rule, graph in
      problems += graph.problems(in: .early).map { "\(rule.label): \($0)" }
    }
    early = first.graph
    let second = try RuleSet.late.apply(to: early) { rule, graph in
      problems += graph.problems(in: .late).map { "\(rule.label): \($0)" }
    }
    fused = second.graph
    reports = [first.report, second.report]
    self.problems = problems
  }

  /// Lowers a model file.
  init(path: String, batch: Int = 2) throws { try self.init(try ONNXFile.read(path), batch: batch) }

  /// Number of nodes of some operators.
  static func count(_ graph: LoweredGraph, _ types: String...) -> Int {
    graph.nodes.filter { types.contains($0.type) }.count
  }

  /// Operators and their numbers, by name.
  static func census(_ graph: LoweredGraph) -> String {
    Dictionary(grouping: graph.nodes, by: \.type).mapValues(\.count).sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  /// Compares the outputs of all three graphs on random inputs.
  func compareOutputs(tolerance: Double = 2e-5) throws {
    let feeds = try randomFeeds()
    let expected = try Interpreter().run(plain, feeds)
    for graph in [early, fused] {
      for (found, wanted) in zip(try Interpreter().run(graph, feeds), expected) {
        try expectClose(
          found.doubles ?? [], wanted.doubles ?? [],
          !plain.storedTypes.isEmpty
            ? .relativeToLargest(5e-4, reason: "GELU's numbers as float16 has them become what was meant")
            : .relativeToLargest(tolerance, reason: "sums run in another order over some blocks"))
      }
    }
  }

  /// Random values for the inputs.
  func randomFeeds() throws -> [String: Tensor] {
    var feeds: [String: Tensor] = [:]
    for (index, input) in plain.inputs.enumerated() {
      feeds[input] = try ReferenceTensor.normal(plain.type(input).shape, seed: 7 + index)
        .tensor(plain.type(input).elementType)
    }
    return feeds
  }

  /// Throws where attention or GELU is left in pieces, or LayerNormalization is.
  func checkFused() throws {
    let blocks = Self.count(plain, "Softmax", "Attention")
    guard blocks > 0, Self.count(fused, "FusedAttention") == blocks,
      Self.count(fused, "Softmax", "Attention", "Erf", "Sqrt", "Pow", "MatMul", "Gemm") == 0
    else {
      throw CheckFailure(
        "\(blocks) attentions became: \(Self.census(fused)); left alone: \(reports.flatMap(\.failures))")
    }
  }
}
