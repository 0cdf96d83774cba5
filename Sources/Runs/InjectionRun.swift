package import Adapters
import Datasets
import Execution
import Graphs
import ONNXFormat
package import Operators
package import TensorFiles
import Tensors

/// Writes a model with a method put in, and shows that it computes what the original computes, up to a new classifier.
package struct InjectionRun {
  /// The object that CLI.md calls `inject`.
  package let json: JSONObject
  /// The same for people.
  package let lines: [String]
  /// What is unusual about the model, and was so before.
  package private(set) var warnings: [String] = []

  /// Injects and writes.
  ///
  /// - Parameters:
  ///   - head: the new head, or nil to keep the old one.
  ///   - imageSide: what the user says, for files that leave the image size open.
  ///   - isForced: whether a file that is there already is overwritten; the model's own never are.
  package static func run(
    _ path: String, to output: String, _ injection: Injection, head: (any TaskHead)?, imageSide: Int? = nil,
    isForced: Bool = false, context: ExecutionContext
  ) throws -> InjectionRun {
    let file = try ModelFile(path)
    let model = try file.located { try file.bound(imageSide: imageSide) }
    try Destination.checkFile(output, inputs: model.readFiles, isForced: isForced)
    PendingFile.removeLeftovers(of: output)
    let adapted = try model.located {
      try injection.apply(to: model.description, head: head, context: context)
    }
    try Folder.create(containing: output)
    var written = adapted.model.declaringInputs(as: model.declared)
    let remarks = describePreparation(in: &written, of: model, imageSide: imageSide)
    try ONNXFile.write(written, to: output)
    let isIdentical = try model.located {
      try isIdenticalAtStart(
        model.description, injection, adapted, written: try ModelFile(output).bound(for: model), head,
        context)
    }
    var result = InjectionRun(
      adapted, injection, model.bound, output: output, hasNewHead: head != nil, isIdentical: isIdentical)
    result.warnings =
      model.warnings + remarks
      + model.description.graph.duplicateNodeNames.map {
        "\(path): several nodes are named '\($0)', which other programs refuse"
      }
    return result
  }

  /// Takes how images are prepared into the metadata of the written file, where files beside the original say it or its hash: the
  /// written file may lie elsewhere, and has another hash.
  ///
  /// - Returns: why it could not be taken, in lines; none for a model that takes no images.
  private static func describePreparation(
    in written: inout ModelDescription, of model: ModelFile, imageSide: Int?
  ) -> [String] {
    do {
      let choice = try model.preprocessing(PreprocessingOverrides(), imageSide: imageSide)
      if choice.isOfFile { ModelMetadata.describe(&written, choice.preprocessing) }
      return []
    } catch let error as DatasetError {
      return ["how images are prepared is not written into the file: \(error.message)"]
    } catch { return [] }
  }

  private init(
    _ adapted: AdaptedModel, _ injection: Injection, _ bound: BoundExtents?, output: String, hasNewHead: Bool,
    isIdentical: Bool
  ) {
    let size = adapted.holdsGrid ? bound?.size : nil
    json = [
      "method": .string(injection.method), "modules": .integer(adapted.modules),
      "trainable_parameters": .integer(adapted.trainableParameters),
      "head_parameters": .integer(adapted.headParameters),
      "total_parameters": .integer(adapted.totalParameters),
      "points": JSONValue(adapted.points), "output": .string(output),
      "identical_at_start": .bool(isIdentical), "new_head": .bool(hasNewHead),
      "bound": bound?.json ?? .null, "only_at_bound_size": .bool(size != nil),
    ]
    var lines = [
      "\(injection.method): \(adapted.modules) modules, \(adapted.trainableParameters) trainable parameters, "
        + "\(adapted.headParameters) in the head, \(adapted.totalParameters) in all",
      (hasNewHead
        ? "the classifier is new; what it reads " + (isIdentical ? "equals" : "differs from")
        : "outputs " + (isIdentical ? "equal" : "differ from")) + " the original's at the start",
      "written to \(output)",
    ]
    if let note = adapted.placementNote { lines.append(note) }
    if let bound { lines.append(bound.note) }
    if let size {
      lines.append(
        "the adapters hold the grid of \(size) pixels: the adapted file computes at this size only")
    }
    self.lines = lines
  }

  /// Whether the written model computes on a random image what the original computes, by value.
  ///
  /// Outputs are compared; of a new classifier, which the original does not have, the vector that it reads.
  private static func isIdenticalAtStart(
    _ original: ModelDescription, _ injection: Injection, _ adapted: AdaptedModel, written: ModelFile,
    _ head: (any TaskHead)?, _ context: ExecutionContext
  ) throws -> Bool {
    var (reference, before, after) = (original, [String](), [String]())
    if let head {
      var plain = Injection()
      plain.method = LinearProbe.name
      plain.seed = injection.seed
      let probe = try plain.apply(to: original, head: head, context: context)
      reference = probe.model
      (before, after) = (probe.vectorOfClassifier, adapted.vectorOfClassifier)
    }
    let lowering = Lowering(registry: ModelFile.registry, context: context)
    let outputs = reference.graph.outputs.map(\.name).filter { name in
      let isNew = head != nil && name == adapted.classifierOutput
      return !isNew && lowering.unsupportedOperators(of: reference.delivering([name])).isEmpty
    }
    let first = try values(before + outputs, of: reference, context)
    let second = try values(after + outputs, of: written.description, context)
    return first.count == second.count
      && zip(first, second).allSatisfy { $0.shape == $1.shape && $0.doubles == $1.doubles }
  }

  /// Some values of a model on a random image.
  private static func values(_ names: [String], of model: ModelDescription, _ context: ExecutionContext)
    throws -> [Tensor]
  {
    let compiled = CompiledModel(
      model.delivering(names), registry: ModelFile.registry, context: context)
    let graph = try compiled.graph(batch: 1)
    return try Session(try compiled.plan(graph)).run([try Benchmark.randomImages(graph, count: 1)])
  }
}

extension AdaptedModel {
  /// Whether adapters lay tokens out as a map of a size that stands in the file.
  fileprivate var holdsGrid: Bool {
    model.graph.nodes.contains { $0.operatorName == OperatorName("Reshape") && $0.name.hasPrefix("dka/") }
  }

  /// The value that a new classifier multiplies.
  fileprivate var vectorOfClassifier: [String] {
    let node = model.graph.nodes.first { node in
      classifierOutput.map { node.outputs.contains($0) } ?? false
    }
    return node?.inputs.prefix(1).map { $0 } ?? []
  }
}
