import DKA

/// `dka predict`: class probabilities of images.
struct PredictCommand: Command {
  static let name = "predict"
  static let summary = "gives the classes of images, or masks of their pixels"
  static let discussion = """
    IMAGE is an image file; a folder, whose images and those of the folders below are taken; a list (.txt) with a path
    per line; or a table (.csv, .tsv) with a column file. A file that cannot be read costs only itself: the others are
    answered, and the exit code is 65.

    PNG, JPEG, TIFF, BMP, DICOM (scan.dcm#12 is a frame) and NIfTI, whose slices are images.

    A model that was trained for masks writes two files per image: NAME_mask.png in the size of the image, every pixel
    the value that its class has in the training masks, and NAME_overlay.png, the mask over the image. Of a NIfTI volume
    the mask is one NIfTI file of the same shape and orientation, the overlay the slice with most in it.
    """
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to ask")
  static let images = Positional(repeating: "IMAGE", .file, "image files, folders or lists of them")
  static let table = Option("csv", .file, "write a table with the answers; of classes their probabilities")
  static let output = Option(
    "output", short: "o", .folder, default: "predictions",
    "of a model that answers with masks, the folder for them")
  static let probabilities = Option(
    flag: "probabilities", "write the probabilities of every pixel beside its mask, .npy [classes, H, W]")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model, images]),
      ArgumentGroup(
        "Options",
        [table, output, probabilities, SegmentationOptions.tiles, CommonOptions.force]
          as [any ArgumentDefinition]),
      PreprocessingOptions.group,
    ]
  }
  static let examples = [
    CommandExample("two images", "predict run/model.onnx scan1.png scan2.png"),
    CommandExample("a folder, as a table", "predict run/model.onnx scans --csv answers.csv"),
  ]

  let arguments: ParsedArguments
  private let overrides: PreprocessingOverrides

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    overrides = try PreprocessingOptions.overrides(arguments)
  }

  func run(_ console: Console) throws -> ExitCode {
    let model = try ModelFile(arguments[Self.model])
    if let file = arguments[Self.table] {
      try Destination.checkFile(
        file, inputs: model.readFiles + arguments[Self.images], isForced: arguments[CommonOptions.force])
    }
    let run = try PredictionRun(
      model, images: arguments[Self.images], overrides, imageSide: arguments[PreprocessingOptions.imageSize],
      into: PredictionFolder(
        arguments[Self.output], writesProbabilities: arguments[Self.probabilities],
        inputs: model.readFiles + arguments[Self.images], isForced: arguments[CommonOptions.force]),
      tiles: arguments[SegmentationOptions.tiles].map { Tiles(overlap: $0) },
      context: ComputeOptions(arguments, console).context,
      emit: EventRenderer(console).show, isInterrupted: { console.isInterrupted })
    let predictions = run.predictions
    let columns = predictions.first?.figures.map { figure -> (String, Table.Alignment) in
      if case .text = figure.figure { (figure.name, .left) } else { (figure.name, .right) }
    }
    var table = Table(columns ?? [])
    for prediction in predictions { table.add(prediction.figures.map { MetricsText.text($0.figure) }) }
    if let file = arguments[Self.table] {
      try AtomicWrite.file(at: file, bytes: Array(run.table.utf8))
      console.note("\(counted(predictions.count, "answer")) written to \(file)")
    }
    try console.result(json: .object(run.json), text: table.text)
    guard run.failures.isEmpty else {
      console.note("\(counted(run.failures.count, "image")) could not be read, \(predictions.count) answered")
      return .badData
    }
    return .done
  }
}
