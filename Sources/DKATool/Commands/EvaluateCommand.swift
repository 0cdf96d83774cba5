import DKA

/// `dka evaluate`: figures on labelled images.
struct EvaluateCommand: Command {
  static let name = "evaluate"
  static let summary = "measures a model on labelled images or masks"
  static let discussion = """
    --data is a folder DIR/test/<class>/… or DIR/<class>/…, or a CSV manifest with columns file and class (or
    class_index). Classes are matched with the model's by name. Where the data have parts, the test part is measured,
    or the validation part where there is no test part; --part chooses. A model in its run folder is measured on the
    images that train kept for the test, as split.csv there says.

    Of a model that dka trained for masks --data is a folder DIR/{train,test}/{images,masks}, DIR/{images,masks}, or a
    CSV manifest with columns image and mask. Masks are compared at the size of the file.
    """
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to measure")
  static let data = Option(required: "data", .text("DIR"), "folder or CSV manifest of labelled images")
  static let part = Option(
    "part", .choice(of: Split.self), "the part to measure [test, else validation; all without parts]")
  static let saved = Option("save-inputs", .folder, "write each preprocessed image as .npy")
  static let table = Option(
    "csv", .file, "of a model that answers with masks, write the figures of every image")
  static let overlays = Option(
    "overlays", .folder,
    "of such a model, draw the 8 images with the lowest Dice: mask in colour, reference in white")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup(
        "Options",
        [data, part, saved, table, overlays, SegmentationOptions.tiles, CommonOptions.force]
          as [any ArgumentDefinition]),
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
    options.replacesFiles = arguments[CommonOptions.force]
    options.imageTable = arguments[Self.table]
    options.pictures = arguments[Self.overlays]
    options.tiles = arguments[SegmentationOptions.tiles].map { Tiles(overlap: $0) }
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
