import Datasets
import Execution
import Graphs
import Kernels
import ONNXFormat
package import Operators
package import TensorFiles
import Tensors

/// What is wrong with a model, and how far its outputs are from another's.
package struct Verification {
  private struct Problem {
    let message: String
    let node: String?
  }
  private var problems: [Problem] = []
  private var warnings: [String]
  private var checker: String
  private var bound: BoundExtents?
  private var difference: OutputDifference?
  /// Whether nothing was found but outputs that differ more than they may.
  package private(set) var isOnlyFarApart = false

  /// Checks a model: first by our own rules, whose faults nothing behind them has to survive, then by the reference.
  ///
  /// - Parameter imageSide: what the user says, for files that leave the image size open.
  package init(_ file: ModelFile, imageSide: Int? = nil, context: ExecutionContext) {
    let description = file.declared
    warnings = description.warnings
    problems = (description.functionProblems + description.graph.problems()).map {
      Problem(message: $0.message, node: $0.node)
    }
    let lowering = Lowering(registry: ModelFile.registry, context: context)
    guard problems.isEmpty else {
      checker = "not asked, for what is found here comes first"
      // Lowering would stop at the same fault.
      let missing = LoweringError.unsupported(lowering.unsupportedOperators(of: description))
      problems += missing.unsupported.map { Problem(message: $0, node: nil) }
      return
    }
    do {
      switch try Checker.check(description) {
      case .valid: checker = "passed"
      case .skipped(let reason): checker = "skipped: \(reason)"
      case .problems(let found):
        checker = "failed"
        problems = found.map { Problem(message: $0, node: nil) }
      }
    } catch { checker = "could not run: \(error.message)" }
    problems += description.graph.duplicateNodeNames.map {
      Problem(message: "several nodes are named '\($0)', and names must tell them apart", node: $0)
    }
    problems += lowering.unknownAttributes(of: description).map {
      Problem(message: "node '\($0.node)': its operator has no attribute '\($0.attribute)'", node: $0.node)
    }
    do {
      let model = try file.bound(imageSide: imageSide)
      bound = model.bound
      warnings += try lowering.lower(model.description.bindingBatch(1)).warnings
      if problems.isEmpty { runOnce(model, context) }
    } catch LoweringError.node(let label, _, let reason) where reason.code == .needsConstant {
      warnings.append(
        "node '\(label)': what is fed decides its shape, so that the shapes behind it are not checked")
    } catch {
      guard let error = error as? any ReportableError else {
        problems.append(Problem(message: "\(error)", node: nil))
        return
      }
      let hint = error is InputError ? error.hint.map { "; \($0)" } ?? "" : ""
      let found = error.unsupported.isEmpty ? [error.message + hint] : error.unsupported
      problems += found.map { Problem(message: $0, node: error.node) }
    }
  }

  /// Runs a network of images on random pixels: what comes out has to be finite numbers.
  ///
  /// Networks with other inputs are not run, and a run that fails for want of memory is a warning.
  private mutating func runOnce(_ model: ModelFile, _ context: ExecutionContext) {
    let compiled = CompiledModel(model.description, registry: ModelFile.registry, context: context)
    guard let graph = try? compiled.graph(batch: 1), graph.inputs.count == 1,
      graph.type(graph.inputs[0]).shape.rank == 4,
      let images = try? Benchmark.randomImages(graph, count: 1)
    else { return }
    do {
      let outputs = try Session(try compiled.plan(graph)).run([images])
      problems += zip(graph.outputs, outputs).filter { !$1.isFinite }.map { name, _ in
        Problem(message: "output '\(name)' holds numbers that are not finite, for random pixels", node: nil)
      }
    } catch { warnings.append("could not be run: \((error as? any ReportableError)?.message ?? "\(error)")") }
  }

  /// Whether nothing was found.
  package var isValid: Bool { problems.isEmpty }

  /// Compares the score outputs of two models on the same images.
  ///
  /// - Parameter tolerance: how far they may be from each other, relative to the largest of `other`'s.
  package mutating func compare(
    _ model: ModelFile, with other: ModelFile, data: String?, _ overrides: PreprocessingOverrides,
    imageSide: Int?, tolerance: Double, context: ExecutionContext, isInterrupted: () -> Bool = { false }
  ) throws {
    let model = try model.bound(imageSide: imageSide)
    let samples = try data.map { data in
      let reading = try model.preprocessing(overrides, imageSide: imageSide).preprocessing.reading
      return try ModelFile.images(at: data, reading ?? ImageReading()).samples
    }
    difference = try model.difference(
      from: other, on: samples,
      preparing: { try model.preprocessing(overrides, imageSide: imageSide).preprocessing },
      context: context, isInterrupted: isInterrupted)
    if let count = difference?.imagesNotFinite, count > 0 {
      let text = "the outputs for \(counted(count, "image")) are not finite numbers"
      problems.append(Problem(message: text, node: nil))
    } else if let difference, difference.relative > tolerance {
      isOnlyFarApart = problems.isEmpty
      let text =
        "the outputs differ by \(Float(difference.relative)), relative; --tolerance allows \(Float(tolerance))"
      problems.append(Problem(message: text, node: nil))
    }
  }

  /// The object that CLI.md calls `verify`.
  package var json: JSONObject {
    var object: JSONObject = [
      "valid": .bool(isValid), "checker": .string(checker),
      "problems": .array(problems.map { ["message": .string($0.message), "node": JSONValue($0.node)] }),
      "warnings": JSONValue(warnings), "bound": bound?.json ?? .null,
    ]
    if let difference {
      object["largest_difference"] = .number(difference.largest)
      object["relative_difference"] = .number(difference.relative)
      object["images"] = .integer(difference.images)
    }
    return object
  }

  /// The same for people.
  package var lines: [String] {
    var lines = [isValid ? "valid" : counted(problems.count, "problem"), "ONNX checker \(checker)"]
    if let bound { lines.append(bound.note) }
    lines += problems.map { "  \($0.message)" } + warnings.map { "warning: \($0)" }
    if let difference {
      lines.append(
        "largest difference \(Float(difference.largest)), relative \(Float(difference.relative)), on \(counted(difference.images, "image"))"
      )
    }
    return lines
  }
}
