import DKA

/// `dka gradients`: derivatives of the sum of the first output.
struct GradientsCommand: Command {
  static let name = "gradients"
  static let summary = "computes d(sum of the first output) / d(values)"
  static let discussion = """
    --wrt names initializers, inputs or inner values. Each gradient is written as NAME.pb, slashes in names become
    underscores. Files of these names that exist already are refused before anything is computed, unless with --force.
    """
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to differentiate")
  static let inputs = Option(repeating: "input", .text("FILE"), "an input: FILE, or NAME=FILE")
  static let names = Option(
    "wrt", .list(of: .text("NAME"), example: "head.weight,input"), "values to differentiate by")
  static let folder = Option(required: "output-dir", .folder, "where the gradients are written")
  static let isNumPy = Option(flag: "npy", "write .npy instead of .pb")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup("Options", [inputs, names, folder, isNumPy, CommonOptions.force]),
    ]
  }
  static let examples = [
    CommandExample(
      "of an image and a weight",
      "gradients vit.onnx --input image.npy --wrt input,head.weight --output-dir out")
  ]

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    guard let names = arguments[Self.names], !names.isEmpty else {
      throw UsageError("name at least one value to differentiate by", field: "--wrt")
    }
    let stems = names.map { Self.stem(of: NameSpelling.name($0)) }
    for (index, stem) in stems.enumerated() {
      guard let earlier = stems[..<index].firstIndex(of: stem), names[earlier] != names[index] else {
        continue
      }
      throw UsageError(
        "'\(names[earlier])' and '\(names[index])' would be written into one file; ask for one at a time",
        field: "--wrt")
    }
  }

  /// The file's name for a value, without its ending.
  private static func stem(of name: String) -> String {
    NameSpelling.original(name).replacing("/", with: "_")
  }

  func run(_ console: Console) throws -> ExitCode {
    let model = try ModelFile(arguments[Self.model])
    for line in model.warnings { console.warn(line) }
    let inputs = try model.inputs(from: arguments[Self.inputs])
    let names = (arguments[Self.names] ?? []).map(NameSpelling.name)
    let format: TensorFile.Format = arguments[Self.isNumPy] ? .numPy : .tensorProto
    let files = names.map { Self.stem(of: $0) + format.suffix }
    try Destination.checkFiles(
      files, in: arguments[Self.folder],
      inputs: model.readFiles + ModelFile.inputFiles(of: arguments[Self.inputs]),
      isForced: arguments[CommonOptions.force])
    let gradients = try model.gradients(
      ComputeOptions(arguments, console).context, inputs, by: names,
      isInterrupted: { console.isInterrupted })
    for (index, gradient) in gradients.enumerated() {
      try TensorFile.write(gradient, name: names[index], to: arguments[Self.folder] + "/" + files[index])
    }
    let shown = names.map(NameSpelling.original)
    try console.result(
      json: [
        "gradients": WrittenTensors.json(gradients, names: shown, files: files, in: arguments[Self.folder])
      ],
      text: WrittenTensors.text(gradients, names: shown, files: files, in: arguments[Self.folder]))
    return .done
  }
}
