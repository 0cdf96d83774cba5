import DKA

/// `dka verify`: checks of a model, and comparison with another.
struct VerifyCommand: Command {
  static let name = "verify"
  static let summary = "checks a model, and compares two models' outputs"
  static let discussion = """
    The ONNX checker runs where it knows the file's IR version, then our own rules: unique names, no cycle, every value
    made before it is read, every operator computable. With --against both models get the same images; outputs that
    differ by more than --tolerance are a problem, and the exit code is 1.
    """
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to check")
  static let against = Option("against", .file, "another model to compare outputs with")
  static let tolerance = Option(
    "tolerance", .number(0...1e6), default: 1e-3,
    "largest difference of outputs, relative to the largest output of the other model")
  static let data = Option("data", .text("DIR"), "images for the comparison; random ones without it")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup("Options", [against, data, tolerance] as [any ArgumentDefinition]),
      PreprocessingOptions.group,
    ]
  }
  static let examples = [
    CommandExample("alone", "verify run/model.onnx"),
    CommandExample("an adapted file and its base", "verify adapted.onnx --against vit.onnx --data images"),
  ]

  let arguments: ParsedArguments
  private let overrides: PreprocessingOverrides

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    overrides = try PreprocessingOptions.overrides(arguments)
  }

  func run(_ console: Console) throws -> ExitCode {
    let context = try ComputeOptions(arguments, console).context
    let model = try ModelFile(arguments[Self.model])
    var result = Verification(
      model, imageSide: arguments[PreprocessingOptions.imageSize], context: context)
    if let other = arguments[Self.against] {
      try result.compare(
        model, with: try ModelFile(other), data: arguments[Self.data], overrides,
        imageSide: arguments[PreprocessingOptions.imageSize], tolerance: arguments[Self.tolerance],
        context: context, isInterrupted: { console.isInterrupted })
    }
    try console.result(json: .object(result.json), lines: result.lines)
    return result.isValid ? .done : result.isOnlyFarApart ? .failed : .badData
  }
}
