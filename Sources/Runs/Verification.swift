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
  private struct Difference {
    var largest = 0.0
    var scale = 0.0
    var images = 0
  }
  private var problems: [Problem] = []
  private var checker: String
  private var difference: Difference?

  /// Checks a model.
  package init(_ model: ModelFile, context: ExecutionContext) {
    do {
      switch try Checker.check(model.description) {
      case .valid: checker = "passed"
      case .skipped(let reason): checker = "skipped: \(reason)"
      case .problems(let found):
        checker = "failed"
        problems = found.map { Problem(message: $0, node: nil) }
      }
    } catch { checker = "could not run: \(error.message)" }
    var lowering = Lowering(registry: ModelFile.registry, context: context)
    lowering.openExtent = { _, axis in axis == 0 ? 1 : nil }
    do { try model.description.graph.validate() } catch {
      problems.append(Problem(message: error.message, node: error.node))
      // Lowering would stop at the same fault.
      let missing = LoweringError.unsupported(lowering.unsupportedOperators(of: model.description))
      problems += missing.unsupported.map { Problem(message: $0, node: nil) }
      return
    }
    do { _ = try lowering.lower(model.description) } catch {
      let found = error.unsupported.isEmpty ? [error.message] : error.unsupported
      problems += found.map { Problem(message: $0, node: error.node) }
    }
  }

  /// Whether nothing was found.
  package var isValid: Bool { problems.isEmpty }

  /// Compares the first outputs of two models on the same images.
  package mutating func compare(
    _ model: ModelFile, with other: ModelFile, data: String?, _ overrides: PreprocessingOverrides,
    imageSide: Int?, context: ExecutionContext
  ) throws {
    let first = CompiledModel(model.description, registry: ModelFile.registry, context: context)
    let second = CompiledModel(other.description, registry: ModelFile.registry, context: context)
    let left = try model.located { try Session(try first.plan(try first.graph(batch: 1))) }
    let right = try other.located { try Session(try second.plan(try second.graph(batch: 1))) }
    var found = Difference()
    func add(_ image: Tensor) throws {
      let a = try left.run([image]).first?.doubles ?? []
      let b = try right.run([image]).first?.doubles ?? []
      guard a.count == b.count else {
        throw InputError(
          message: "the first outputs of '\(model.path)' and '\(other.path)' have \(a.count) and "
            + "\(b.count) elements",
          tensor: nil, hint: "compare models of the same classes")
      }
      for (x, y) in zip(a, b) {
        found.largest = max(found.largest, abs(x - y))
        found.scale = max(found.scale, abs(y))
      }
      found.images += 1
    }
    if let data {
      let choice = try model.preprocessing(overrides, imageSide: imageSide)
      let images = try ModelFile.images(at: data)
      var options = BatchLoader.Options()
      options.batchSize = 1
      options.isShuffled = false
      options.threads = context.options.threads
      let loader = BatchLoader(images.samples, preprocessing: choice.preprocessing, options: options)
      loader.start(epoch: 0)
      while let batch = try loader.next() { try add(batch.images) }
    } else {
      let images = try Benchmark.randomImages(try first.graph(batch: 1), count: 4)
      for row in 0..<4 { try add(images.rows(row..<row + 1)) }
    }
    difference = found
  }

  /// The object that CLI.md calls `verify`.
  package var json: JSONObject {
    var object: JSONObject = [
      "valid": .bool(isValid), "checker": .string(checker),
      "problems": .array(problems.map { ["message": .string($0.message), "node": JSONValue($0.node)] }),
    ]
    if let difference {
      object["largest_difference"] = .number(difference.largest)
      object["relative_difference"] = .number(
        difference.scale == 0 ? 0 : difference.largest / difference.scale)
      object["images"] = .integer(difference.images)
    }
    return object
  }

  /// The same for people.
  package var lines: [String] {
    var lines = [isValid ? "valid" : counted(problems.count, "problem"), "ONNX checker \(checker)"]
    lines += problems.map { "  \($0.message)" }
    if let difference {
      let relative = difference.scale == 0 ? 0 : difference.largest / difference.scale
      lines.append(
        "largest difference \(Float(difference.largest)), relative \(Float(relative)), on \(counted(difference.images, "image"))"
      )
    }
    return lines
  }
}
