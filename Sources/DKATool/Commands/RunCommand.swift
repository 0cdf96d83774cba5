import DKA

/// `dka run`: plain inference.
struct RunCommand: Command {
  static let name = "run"
  static let summary = "computes a model's outputs for given inputs"
  static let discussion = """
    The k-th --input is the k-th graph input that has no initializer; NAME=FILE feeds an input by name. A file is a
    TensorProto (.pb) or a NumPy array (.npy). The outputs are written as output_0.pb, output_1.pb, … in graph order;
    files of these names that exist already are refused before anything is computed, unless with --force.
    """
  static let hasJSON = true
  static let model = Positional("MODEL", .file, "the ONNX file to run")
  static let inputs = Option(repeating: "input", .text("FILE"), "an input: FILE, or NAME=FILE")
  static let folder = Option(required: "output-dir", .folder, "where the outputs are written")
  static let isNumPy = Option(flag: "npy", "write .npy instead of .pb")
  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup("Options", [inputs, folder, isNumPy, CommonOptions.force]),
    ]
  }
  static let examples = [
    CommandExample("one image batch", "run vit.onnx --input images.npy --output-dir out"),
    CommandExample("by name", "run decoder.onnx --input points=p.npy --input labels=l.npy --output-dir out"),
  ]

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) { self.arguments = arguments }

  func run(_ console: Console) throws -> ExitCode {
    let model = try ModelFile(arguments[Self.model])
    for line in model.warnings { console.warn(line) }
    let inputs = try model.inputs(from: arguments[Self.inputs])
    let format: TensorFile.Format = arguments[Self.isNumPy] ? .numPy : .tensorProto
    let files = model.description.graph.outputs.indices.map { "output_\($0)\(format.suffix)" }
    try Destination.checkFiles(
      files, in: arguments[Self.folder],
      inputs: model.readFiles + ModelFile.inputFiles(of: arguments[Self.inputs]),
      isForced: arguments[CommonOptions.force])
    let outputs = try model.run(
      ComputeOptions(arguments, console).context, inputs, isInterrupted: { console.isInterrupted })
    for (index, output) in outputs.enumerated() {
      try TensorFile.write(
        output, name: model.description.graph.outputs[index].name,
        to: arguments[Self.folder] + "/" + files[index])
    }
    let names = model.description.graph.outputs.map(\.name)
    try console.result(
      json: ["outputs": WrittenTensors.json(outputs, names: names, files: files, in: arguments[Self.folder])],
      text: WrittenTensors.text(outputs, names: names, files: files, in: arguments[Self.folder]))
    return .done
  }
}
