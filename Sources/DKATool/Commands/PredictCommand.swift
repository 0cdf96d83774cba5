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
    let predictions = try Prediction.run(
      try ModelFile(arguments[Self.model]), images: arguments[Self.images], overrides,
      imageSide: arguments[PreprocessingOptions.imageSize],
      context: ComputeOptions(arguments, console).context,
      emit: EventRenderer(console).show, isInterrupted: { console.isInterrupted })
    var table = Table([("image", .left), ("class", .left), ("probability", .right)])
    for prediction in predictions {
      table.add([
        prediction.image, prediction.className,
        Quantities.percent(prediction.probabilities[prediction.index]),
      ])
    }
    let json: JSONValue = [
      "predictions": .array(
        predictions.map { prediction in
          [
            "image": .string(prediction.image), "class": .string(prediction.className),
            "index": .integer(prediction.index), "probabilities": JSONValue(prediction.probabilities),
          ]
        })
    ]
    try console.result(json: json, text: table.text)
    return .done
  }
}
