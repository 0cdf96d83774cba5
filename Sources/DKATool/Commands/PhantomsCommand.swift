import DKA

/// `dka phantoms`: labelled images that the tool draws itself.
struct PhantomsCommand: Command {
  static let name = "phantoms"
  static let summary = "draws a folder of labelled phantom images to try things on"
  static let discussion = """
    Task lesions is ultrasound-like: normal tissue, smooth benign and irregular malignant lesions, with masks. Task
    textures has eight other classes, to pretrain on. Every image is a function of the seed, its class and its number.
    Files of these names that exist already are refused before the first is drawn, unless with --force.
    """
  static let hasJSON = true
  static let output = Option(required: "output", short: "o", .folder, "the folder to write")
  static let task = Option("task", .choice(of: PhantomTask.self), default: .lesions, "what is drawn")
  static let train = Option("train", .integer(0...100_000), default: 40, "training images per class")
  static let test = Option("test", .integer(0...100_000), default: 40, "test images per class")
  static let side = Option("side", .integer(16...1024), default: 128, "width and height in pixels")
  static let seed = Option("seed", .integer(0...Int.max), default: 7, "decides every image")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup(
        "Options", [output, task, train, test, side, seed, CommonOptions.force] as [any ArgumentDefinition])
    ]
  }
  static let examples = [CommandExample("a small data set", "phantoms -o phantoms --train 20 --test 40")]

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) { self.arguments = arguments }

  func run(_ console: Console) throws -> ExitCode {
    let images = try SyntheticImages(
      arguments[Self.task], side: arguments[Self.side], seed: arguments[Self.seed])
    let (train, test) = (arguments[Self.train], arguments[Self.test])
    try images.writeFolder(
      arguments[Self.output], trainPerClass: train, testPerClass: test,
      isForced: arguments[CommonOptions.force])
    let classes = arguments[Self.task].classNames
    let count = classes.count * (train + test)
    try console.result(
      json: [
        "output": .string(arguments[Self.output]), "images": .integer(count), "classes": JSONValue(classes),
        "seed": .integer(arguments[Self.seed]),
      ], text: "\(count) images of \(classes.joined(separator: ", ")) written to \(arguments[Self.output])")
    return .done
  }
}
