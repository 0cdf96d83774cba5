import DKA

/// `dka inject`: a method in a model, untrained.
struct InjectCommand: Command {
  static let name = "inject"
  static let summary = "puts adapters into a model without training them"
  static let discussion = """
    The adapted file computes what the original computes: Up starts at zero. With --classes the classifier is replaced
    by a new one, up to which the network computes what it did.
    """
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to adapt")
  static let output = Option(required: "output", short: "o", .file, "the adapted ONNX file")
  static let classes = Option(
    "classes", .integer(1...1_000_000),
    "classes of a new classifier, two or more; without it the old one stays")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup(
        "Options",
        [output, classes, PreprocessingOptions.imageSize, CommonOptions.force] as [any ArgumentDefinition]),
      MethodOptions.group,
    ]
  }
  static let examples = [
    CommandExample("with the defaults of the paper", "inject vit.onnx -o adapted.onnx"),
    CommandExample("smaller, in the last blocks", "inject vit.onnx -o adapted.onnx --dim 8 --blocks 8-11"),
  ]

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) { self.arguments = arguments }

  func run(_ console: Console) throws -> ExitCode {
    let result = try InjectionRun.run(
      arguments[Self.model], to: arguments[Self.output], MethodOptions.injection(arguments),
      head: arguments[Self.classes].map { ClassificationHead(classes: $0) },
      imageSide: arguments[PreprocessingOptions.imageSize],
      isForced: arguments[CommonOptions.force],
      context: ComputeOptions(arguments, console).context)
    result.warnings.forEach { console.warn($0) }
    try console.result(json: .object(result.json), lines: result.lines)
    return .done
  }
}
