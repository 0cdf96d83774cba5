import Execution
package import Graphs
import ONNXFormat
package import Operators
package import Tensors

/// A model with the file that it came from.
package struct ModelFile: Sendable {
  /// Where it was read from: what errors name, and beside which the files that describe it lie.
  package let path: String
  /// Its content as it is computed with; weights stay in the mapped file.
  package let description: ModelDescription
  /// The same with its inputs as the file declares them, as it is written.
  package let declared: ModelDescription
  /// What of its image input was open and has been bound, or nil for nothing.
  package let bound: BoundExtents?

  /// Opens a model.
  ///
  /// - Throws: `FormatError`.
  package init(_ path: String) throws {
    self.init(path: path, try ONNXFile.read(path))
  }

  /// A model that was made from the one in a file.
  package init(path: String, _ description: ModelDescription) {
    self.path = path
    self.description = description
    declared = description
    bound = nil
  }

  /// A model with extents of its image input bound.
  init(_ model: ModelFile, binding bound: BoundExtents, _ description: ModelDescription) {
    path = model.path
    declared = model.declared
    self.description = description
    self.bound = bound
  }

  /// A model that was made from another one's description.
  package init(_ description: ModelDescription, madeFrom model: ModelFile) {
    path = model.path
    declared = description.declaringInputs(as: model.declared)
    self.description = description
    bound = model.bound
  }

  /// Operators that models may use.
  package static var registry: OperatorRegistry { .standard }

  /// Reads tensors for the model's inputs: the k-th file for the k-th input without an initializer, or `NAME=FILE`.
  package func inputs(from arguments: [String]) throws -> [String: Tensor] {
    try declared.requireTensorInputs()
    let names = declared.graph.requiredInputs.map(\.name)
    var result: [String: Tensor] = [:]
    for (index, argument) in arguments.enumerated() {
      let separator = argument.firstIndex(of: "=")
      let named = separator.map { NameSpelling.name(String(argument[..<$0])) }
      let name: String
      let file: String
      if let named, let separator, names.contains(named) {
        name = named
        file = String(argument[argument.index(after: separator)...])
      } else {
        guard index < names.count else {
          throw InputError(
            message: "\(arguments.count) inputs are given, the model has \(names.count)", tensor: nil,
            hint: "it takes: \(names.joined(separator: ", "))")
        }
        name = names[index]
        file = argument
      }
      guard result[name] == nil else {
        throw InputError(message: "input '\(name)' is given twice", tensor: name, hint: nil)
      }
      result[name] = try TensorFile.read(file)
    }
    let missing = names.filter { result[$0] == nil }
    guard missing.isEmpty else {
      throw InputError(
        message: "no value is given for \(missing.map { "'\($0)'" }.joined(separator: ", "))",
        tensor: missing[0],
        hint: "give one --input per model input, or NAME=FILE")
    }
    return result
  }

  /// Files that the arguments of `inputs(from:)` may mean.
  package static func inputFiles(of arguments: [String]) -> [String] {
    arguments.flatMap { argument in
      [argument]
        + (argument.firstIndex(of: "=").map { [String(argument[argument.index(after: $0)...])] } ?? [])
    }
  }

  /// The model's outputs for given inputs, whose shapes decide what the file leaves open.
  ///
  /// - Parameter isInterrupted: asked between nodes.
  /// - Throws: `RunInterrupted` where it says so.
  package func run(
    _ context: ExecutionContext, _ inputs: [String: Tensor], isInterrupted: () -> Bool = { false }
  ) throws -> [Tensor] {
    let run = ModelRun(declared, registry: Self.registry, context: context)
    return try RunInterrupted.translating {
      try located { try run.outputs(for: inputs, isInterrupted: isInterrupted) }
    }
  }

  /// Gradients of the sum of the first output.
  ///
  /// - Parameter isInterrupted: asked between nodes.
  /// - Throws: `RunInterrupted` where it says so.
  package func gradients(
    _ context: ExecutionContext, _ inputs: [String: Tensor], by names: [String],
    isInterrupted: () -> Bool = { false }
  ) throws -> [Tensor] {
    let run = ModelRun(declared, registry: Self.registry, context: context)
    return try RunInterrupted.translating {
      try located { try run.gradients(for: inputs, by: names, isInterrupted: isInterrupted) }
    }
  }

  /// Adds the file to errors that do not name one; that the user asked to stop is no error about a file.
  package func located<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as any ReportableError {
      let isAboutFile = error.file == nil && error.failureCode != .interrupted
      throw isAboutFile ? FileFailure(file: path, cause: error, sizeHint: sizeHint(for: error)) : error
    }
  }

  /// What to do where a node's shapes do not fit once the size of the images is bound.
  private func sizeHint(for error: any ReportableError) -> String? {
    guard let bound, let size = bound.size, error.node != nil, error.failureCode == .badData else {
      return nil
    }
    return
      "a window, patch or position embedding of the network is made for images of another size than \(size) "
      + "(\(bound.sourceText)): say that with --image-size"
  }
}

/// Inputs that do not fit the model.
struct InputError: ReportableError {
  let message: String
  let tensor: String?
  let hint: String?
  var failureCode: FailureCode { .badData }

  /// An input that leaves the size of its images open, of which nothing else tells it.
  static func openSize(_ input: String) -> InputError {
    InputError(
      message: "input '\(input)' leaves the image size open", tensor: input,
      hint: "say it with --image-size, in the model's metadata (dka.preprocessing.resize and .crop), or in "
        + "preprocessor_config.json (Hugging Face) or config.json (timm) beside the model or one folder up")
  }
}

/// An error of a lower layer with the file it is about.
struct FileFailure: ReportableError {
  let file: String?
  let cause: any ReportableError
  let sizeHint: String?

  var failureCode: FailureCode { cause.failureCode }
  var message: String { cause.message }
  var node: String? { cause.node }
  var tensor: String? { cause.tensor }
  var field: String? { cause.field }
  var hint: String? { cause.hint ?? sizeHint }
  var underlying: (any Error)? { cause.underlying }
  var details: [String] { cause.details }
  var unsupported: [String] { cause.unsupported }
}
