import DKA

/// `dka inspect`: what a model is and where adapters go.
struct InspectCommand: Command {
  static let name = "inspect"
  static let summary = "tells what a model is and where adapters can be put"
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to look at")
  static let points = Option(flag: "points", "name every insertion point, operator and candidate")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup("Options", [points, PreprocessingOptions.imageSize] as [any ArgumentDefinition]),
    ]
  }
  static let examples = [
    CommandExample("for reading", "inspect vit.onnx"),
    CommandExample("for a script", "inspect vit.onnx --json"),
    CommandExample("the values that --at takes", "inspect convnext.onnx --points"),
    CommandExample("what is fused before it runs, and why not more", "inspect vit.onnx --verbose"),
  ]

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) { self.arguments = arguments }

  func run(_ console: Console) throws -> ExitCode {
    let model = try ModelFile(arguments[Self.model])
    for line in model.warnings { console.warn(line) }
    let inspection = Inspection(
      model, imageSide: arguments[PreprocessingOptions.imageSize],
      listsAll: arguments[Self.points], isDetailed: arguments[CommonOptions.verbose],
      context: try ComputeOptions(arguments, console).context)
    for line in inspection.warnings { console.warn(line) }
    try console.result(json: .object(inspection.json), lines: inspection.lines)
    return .done
  }
}
