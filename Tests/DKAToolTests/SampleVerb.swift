import DKATool
import Synchronization
import TensorFiles
import Tensors

/// Keeps what is written to it.
final class TextRecorder: TextSink {
  private let content = Mutex("")

  func write(_ text: String) { content.withLock { $0 += text } }

  var text: String { content.withLock { $0 } }

  /// Forgets what was written so far.
  func clear() { content.withLock { $0 = "" } }
}

/// A verb with an argument of every kind; `--fail` makes it throw.
struct SampleVerb: Command {
  enum Task: String, CaseIterable, Sendable { case classification, segmentation }

  static let name = "sample"
  static let summary = "shows every kind of argument"
  static let discussion = "It trains nothing."
  static let hasJSON = true
  static let readsConfiguration = true

  static let model = Positional("MODEL", .file, "the ONNX file")
  static let images = Option(repeating: "input", .file, "an input")
  static let output = Option(required: "output", short: "o", .folder, "where results go")
  static let epochs = Option("epochs", .integer(1...1000), default: 100, "passes over the training images")
  static let task = Option("task", .choice(of: Task.self), default: .classification, "what is learned")
  static let kernels = Option(
    "kernels", .list(of: .integer(1...255), example: "51,5"), default: [51, 5], "kernel sides")
  static let dropout = Option("dropout", .number(0..<1), default: 0.1, "share of values set to zero")
  static let rate = Option("lr-head", .number(above: 0), "learning rate of the head")
  static let blocks = Option("blocks", .text("LIST"), "blocks that get an adapter")
  static let fold = Option(flag: "fold", "fold the weights")
  static let again = Option(
    optionalValue: "again", .folder, standsAloneBeside: "output", "start over, in a folder")
  static let failure = Option(
    "fail", .word(of: ["unsupported", "data", "many", "unknown"]), "throw an error")

  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup(
        "Options", [output, images, epochs, task, kernels, dropout, rate, blocks, fold, again, failure]),
    ]
  }
  static let examples = [CommandExample("train for 3 epochs", "sample vit.onnx -o run --epochs 3")]

  static func impliedConfiguration(_ text: (ArgumentForm) -> String?) -> ImpliedConfiguration? {
    guard let folder = text(again.form), folder != "true" else { return nil }
    var implied = ImpliedConfiguration()
    implied.texts = [(output.form, folder)]
    implied.path = folder + "/config.json"
    return implied
  }

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) { self.arguments = arguments }

  func run(_ console: Console) throws -> ExitCode {
    switch arguments[Self.failure] {
    case "unsupported":
      throw SampleError(
        failureCode: .unsupported, message: "2 operators are not supported", unsupported: ["Foo", "Bar x"])
    case "data":
      throw SampleError(
        failureCode: .badData, message: "line\nbreak", file: "m.onnx", node: "Add_3",
        hint: "export again", underlying: SampleError(failureCode: .badData, message: "the deeper reason"))
    case "many":
      throw SampleError(
        failureCode: .badData, message: "many", details: (0..<1012).map { "image \($0)" })
    case "unknown": throw CancellationError()
    default: break
    }
    console.note("working")
    console.detail("in detail")
    let epochs = arguments[Self.epochs]
    try console.result(json: ["epochs": .integer(epochs)], text: "epochs \(epochs)")
    return .done
  }
}

struct SampleError: ReportableError {
  var failureCode: FailureCode
  var message: String
  var file: String?
  var node: String?
  var hint: String?
  var underlying: (any Error)?
  var details: [String] = []
  var unsupported: [String] = []
}

/// Runs the tool with the sample verb and keeps both streams.
struct ToolRun {
  let code: ExitCode
  let output: String
  let errors: String

  init(_ words: [String], environment: ToolEnvironment = ToolEnvironment()) {
    let (output, errors) = (TextRecorder(), TextRecorder())
    let tool = Tool(commands: [SampleVerb.self], output: output, errors: errors, environment: environment)
    code = tool.run(words)
    (self.output, self.errors) = (output.text, errors.text)
  }
}
