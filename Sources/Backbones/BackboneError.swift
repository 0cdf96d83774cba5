import Operators
public import Tensors

/// Why adapters have no place in a network.
public struct BackboneError: ReportableError {
  /// The kind of failure.
  public let failureCode: FailureCode
  /// What was found and what was expected.
  public let message: String
  /// The node concerned.
  public var node: String?
  /// The value concerned.
  public var tensor: String?
  /// The option concerned.
  public var field: String?
  /// What the user can do.
  public var hint: String?
  /// What led to this.
  public var underlying: (any Error)?
  /// Operators that are not supported.
  public var unsupported: [String] = []
  /// The families that were tried, with their reasons.
  public var mismatches: [FamilyMismatch] = []

  init(_ failureCode: FailureCode, _ message: String) {
    self.failureCode = failureCode
    self.message = message
  }

  static func rewrittenByRuntime(_ uses: [(name: String, nodes: [String])]) -> BackboneError {
    var error = BackboneError("the file was rewritten by ONNX Runtime's optimiser", uses)
    error.hint =
      "export the model again and use that file: without onnxruntime.transformers and without an optimized_model_filepath"
    return error
  }

  static func quantized(_ uses: [(name: String, nodes: [String])]) -> BackboneError {
    var error = BackboneError("the file is quantised", uses)
    error.hint = "use model.onnx or model_fp16.onnx of the same folder"
    return error
  }

  /// A file that has operators of a kind.
  private init(_ kind: String, _ uses: [(name: String, nodes: [String])]) {
    let list = uses.map { "\($0.name) ×\($0.nodes.count)" }.joined(separator: ", ")
    self.init(.unsupported, "\(kind): it has \(list)")
    node = uses.first?.nodes.first
    unsupported = uses.map { "\($0.name) (\($0.nodes.count) \($0.nodes.count == 1 ? "node" : "nodes"))" }
  }

  static func notRecognised(_ mismatches: [FamilyMismatch], candidates: [String]) -> BackboneError {
    let reasons = mismatches.map { "\($0.family): \($0.mismatch.reason)" }.joined(separator: "; ")
    var error = BackboneError(.unsupported, "the network is of no known family (\(reasons))")
    error.node = mismatches.first?.mismatch.nodes.first
    error.mismatches = mismatches
    let shown = candidates.prefix(4).map { "'\($0)'" }.joined(separator: ", ")
    error.hint =
      candidates.isEmpty
      ? "use a vision transformer, or name values of your choice with --at"
      : "name insertion points with --at; \(candidates.count) values suit, for example \(shown)"
    return error
  }

  static var withoutEnds: BackboneError {
    BackboneError(.badData, "the network has no input that must be fed, or no output")
  }

  /// Several outputs could hold the scores of the classes.
  ///
  /// - Parameter other: what else the user can do about it.
  package static func ambiguousScores(_ outputs: [String], or other: String? = nil) -> BackboneError {
    let list = outputs.map { "'\($0)'" }.joined(separator: ", ")
    var error = BackboneError(.badData, "each of the outputs \(list) could be the scores of the classes")
    error.tensor = outputs.first
    error.hint =
      "name one in the model's metadata under '\(ScoreOutput.metadataKey)', \(other.map { $0 + ", " } ?? "")or leave the others out "
      + "of the file"
    return error
  }

  static func unsuitable(_ message: String, option: String, value: String? = nil) -> BackboneError {
    var error = BackboneError(.usage, message)
    error.tensor = value
    error.field = option
    error.hint =
      switch option {
      case "--grid":
        "give --grid HEIGHTxWIDTH, and --prefix-tokens where the map is not preceded by what the grid leaves"
      case "--layout": "give --layout BHWC or --layout BCHW"
      default: "dka inspect lists the values that suit"
      }
    return error
  }

  static func cannotBeRead(_ error: LoweringError) -> BackboneError {
    var result: BackboneError
    switch error {
    case .unsupported(let list):
      let names = list.map(\.name).joined(separator: ", ")
      result = BackboneError(.unsupported, "the network needs operators that are not supported: \(names)")
      result.unsupported = list.map { "\($0.name) \($0.reason)" }
      result.node = list.first?.nodes.first
    case .node(let label, let operatorName, let reason):
      result = BackboneError(.badData, "node '\(label)' (\(operatorName)): \(reason.message)")
      result.node = label
    case .graph(let reason, let value):
      result = BackboneError(.badData, reason)
      result.tensor = value
    }
    result.underlying = error
    return result
  }
}
