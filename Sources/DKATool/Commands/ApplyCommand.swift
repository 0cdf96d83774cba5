import DKA

/// `dka apply`: an adapter folder and its base make the adapted model.
struct ApplyCommand: Command {
  static let name = "apply"
  static let summary = "puts a trained adapter into the model that it was trained on"
  static let discussion = """
    A run folder has its adapter and head in adapter/, a few megabytes that can be kept or sent without the network. With
    the same base they make RUN/model.onnx again (of a base with a fixed batch, with that batch). Another base is refused unless with --force: its file has another
    SHA-256.
    """
  static let hasJSON = true
  static let model = Positional("BASE", .file, "the ONNX file that the adapter was trained on")
  static let adapter = Option(required: "adapter", .folder, "the adapter's folder, RUN/adapter")
  static let output = Option(required: "output", short: "o", .file, "the adapted ONNX file")
  static let force = Option(flag: "force", "take another base, and overwrite a file that exists already")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup(
        "Options", [adapter, output, PreprocessingOptions.imageSize, force] as [any ArgumentDefinition]),
    ]
  }
  static let examples = [
    CommandExample("the model of a run again", "apply vit.onnx --adapter run/adapter -o adapted.onnx")
  ]

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) { self.arguments = arguments }

  func run(_ console: Console) throws -> ExitCode {
    let result = try AdapterApplication(
      arguments[Self.model], adapter: arguments[Self.adapter], to: arguments[Self.output],
      imageSide: arguments[PreprocessingOptions.imageSize], isForced: arguments[Self.force],
      context: ComputeOptions(arguments, console).context)
    result.warnings.forEach { console.warn($0) }
    try console.result(json: .object(result.json), lines: result.lines)
    return .done
  }
}
