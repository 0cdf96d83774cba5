import DKA

/// `dka evaluate`: figures on labelled images.
struct EvaluateCommand: Command {
  static let name = "evaluate"
  static let summary = "measures a classifier on labelled images"
  static let discussion = """
    --data is a folder DIR/test/<class>/… or DIR/<class>/…, or a CSV manifest with columns file and class (or
    class_index). Classes are matched with the model's by name. Where the data have parts, the test part is measured,
    or the validation part where there is no test part; --part chooses. A model in its run folder is measured on the
    images that train kept for the test, as split.csv there says.
    """
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to measure")
  static let data = Option(required: "data", .text("DIR"), "folder or CSV manifest of labelled images")
  static let part = Option(
    "part", .choice(of: Split.self), "the part to measure [test, else validation; all without parts]")
  static let saved = Option("save-inputs", .folder, "write each preprocessed image as .npy")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup("Options", [data, part, saved, CommonOptions.force]),
      PreprocessingOptions.group,
    ]
  }
  static let examples = [
    CommandExample("the test images of a folder", "evaluate run/model.onnx --data images"),
    CommandExample(
      "an ImageNet classifier",
      "evaluate deit.onnx --data labels.csv --resize 'shorter 248' --interpolation bicubic"),
  ]

  let arguments: ParsedArguments
  private let options: Evaluation.Options

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    var options = Evaluation.Options(data: arguments[Self.data])
    options.overrides = try PreprocessingOptions.overrides(arguments)
    options.imageSide = arguments[PreprocessingOptions.imageSize]
    options.part = arguments[Self.part]
    options.savedInputs = arguments[Self.saved]
    options.replacesSavedInputs = arguments[CommonOptions.force]
    self.options = options
  }

  func run(_ console: Console) throws -> ExitCode {
    if let saved = options.savedInputs { try Destination.checkFolder(saved, source: options.data) }
    let model = try ModelFile(arguments[Self.model])
    let renderer = EventRenderer(console)
    let metrics = try Evaluation.run(
      model, options, context: ComputeOptions(arguments, console).context, emit: renderer.show,
      isInterrupted: { console.isInterrupted })
    try console.result(json: .object(metrics.json), text: MetricsText.text(metrics))
    return .done
  }
}
