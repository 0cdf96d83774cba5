import DKA

/// `dka predict`: class probabilities of images.
struct PredictCommand: Command {
  static let name = "predict"
  static let summary = "gives the class probabilities of images"
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to ask")
  static let images = Positional(repeating: "IMAGE", .file, "PNG or JPEG files")
  static var arguments: [ArgumentGroup] {
    [ArgumentGroup("Arguments", [model, images]), PreprocessingOptions.group]
  }
  static let examples = [CommandExample("two images", "predict run/model.onnx scan1.png scan2.png")]

  let arguments: ParsedArguments
  private let overrides: PreprocessingOverrides

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    overrides = try PreprocessingOptions.overrides(arguments)
  }

  func run(_ console: Console) throws -> ExitCode {
    let predictions = try PredictionRun.run(
      try ModelFile(arguments[Self.model]), images: arguments[Self.images], overrides,
      imageSide: arguments[PreprocessingOptions.imageSize],
      context: ComputeOptions(arguments, console).context,
      emit: EventRenderer(console).show, isInterrupted: { console.isInterrupted })
    let columns = predictions.first?.figures.map { figure -> (String, Table.Alignment) in
      if case .text = figure.figure { (figure.name, .left) } else { (figure.name, .right) }
    }
    var table = Table(columns ?? [])
    for prediction in predictions { table.add(prediction.figures.map { MetricsText.text($0.figure) }) }
    let json: JSONValue = ["predictions": .array(predictions.map { .object($0.json) })]
    try console.result(json: json, text: table.text)
    return .done
  }
}
