import Adapters
import Execution
import Graphs
import ONNXFormat
package import Operators
package import TensorFiles
import Tensors

/// Writes a model with a method put in, and proves that it computes what the original computes.
package struct InjectionRun {
  /// The object that CLI.md calls `inject`.
  package let json: JSONObject
  /// The same for people.
  package let lines: [String]
  /// What is unusual about the model, and was so before.
  package private(set) var warnings: [String] = []

  /// Injects and writes.
  ///
  /// - Parameter classes: number of classes of a new classifier, or nil to keep the old one.
  package static func run(
    _ path: String, to output: String, _ injection: Injection, classes: Int?, context: ExecutionContext
  ) throws -> InjectionRun {
    let model = try ModelFile(path)
    let adapted = try model.located {
      try injection.apply(to: model.description, classes: classes, context: context)
    }
    try Folder.create(containing: output)
    try ONNXFile.write(adapted.model, to: output)
    let isIdentical = try model.located {
      try isIdenticalAtStart(model.description, injection, written: try ModelFile(output), classes, context)
    }
    var result = InjectionRun(adapted, injection, output: output, isIdentical: isIdentical)
    result.warnings =
      model.description.warnings
      + model.description.graph.duplicateNodeNames.map {
        "\(path): several nodes are named '\($0)', which other programs refuse"
      }
    return result
  }

  private init(_ adapted: AdaptedModel, _ injection: Injection, output: String, isIdentical: Bool?) {
    json = [
      "method": .string(injection.method), "modules": .integer(adapted.modules),
      "trainable_parameters": .integer(adapted.trainableParameters),
      "head_parameters": .integer(adapted.headParameters),
      "total_parameters": .integer(adapted.totalParameters),
      "points": JSONValue(adapted.points), "output": .string(output),
      "identical_at_start": isIdentical.map { .bool($0) } ?? .null,
    ]
    lines = [
      "\(injection.method): \(adapted.modules) modules, \(adapted.trainableParameters) trainable parameters, "
        + "\(adapted.headParameters) in the head, \(adapted.totalParameters) in all",
      isIdentical == true
        ? "outputs equal the original's" : "outputs differ from the original's at the start",
      "written to \(output)",
    ]
  }

  /// Whether the written model's outputs equal the original's by value on random images.
  ///
  /// With a new classifier the original gets the same classifier and no adapter.
  private static func isIdenticalAtStart(
    _ original: ModelDescription, _ injection: Injection, written: ModelFile, _ classes: Int?,
    _ context: ExecutionContext
  ) throws -> Bool {
    var reference = original
    if classes != nil {
      var plain = Injection()
      plain.method = LinearProbe.name
      plain.seed = injection.seed
      plain.placement = nil
      reference = try plain.apply(to: original, classes: classes, context: context).model
    }
    let before = CompiledModel(reference, registry: ModelFile.registry, context: context)
    let after = CompiledModel(written.description, registry: ModelFile.registry, context: context)
    let images = try Benchmark.randomImages(try before.graph(batch: 1), count: 1)
    let first = try Session(try before.plan(try before.graph(batch: 1))).run([images])
    let second = try Session(try after.plan(try after.graph(batch: 1))).run([images])
    return zip(first, second).allSatisfy { $0.shape == $1.shape && $0.doubles == $1.doubles }
  }
}
