import DKA

/// `dka conformance`: ONNX backend cases, many in one process.
struct ConformanceCommand: Command {
  static let name = "conformance"
  static let summary = "runs ONNX backend test cases"
  static let discussion = """
    A case is a folder with model.onnx and test_data_set_N/input_K.pb, output_K.pb. Each gets one line as soon as it
    is done: PASS, FAIL with the difference, UNSUPPORTED with the operator, ERROR with the reason, or DONE where no
    expected output is there. One bad case never ends the run. Outputs that exist already are refused before the first
    case, unless with --force.
    """
  static let hasJSON = true
  static let suite = Positional(optional: "DIR", .folder, "run every case below this folder")
  static let list = Option("list", .file, "run the cases that this file names, a folder per line")
  static let folder = Option("output-dir", .folder, "write outputs to DIR/<case>/test_data_set_N/output_K.pb")
  static var arguments: [ArgumentGroup] {
    [ArgumentGroup("Arguments", [suite]), ArgumentGroup("Options", [list, folder, CommonOptions.force])]
  }
  static let examples = [
    CommandExample("a whole suite", "conformance cases/node"),
    CommandExample("a list", "conformance --list cases.txt --output-dir out"),
  ]

  let arguments: ParsedArguments

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    guard (arguments[Self.suite] == nil) != (arguments[Self.list] == nil) else {
      throw UsageError("give either a folder or --list FILE", field: "--list")
    }
  }

  func run(_ console: Console) throws -> ExitCode {
    let context = try ComputeOptions(arguments, console).context
    let cases: [String]
    if let list = arguments[Self.list] {
      cases = try Conformance.cases(listedIn: list)
    } else {
      cases = Conformance.cases(below: arguments[Self.suite] ?? ".")
    }
    let outputs = cases.map { path in
      arguments[Self.folder].map { $0 + "/" + (path.split(separator: "/").last.map(String.init) ?? path) }
    }
    for (path, output) in zip(cases, outputs) {
      guard let output else { continue }
      try Destination.checkFolder(output, source: path)
      try Destination.checkFiles(
        Conformance.outputs(of: path, in: output), in: output, inputs: [],
        isForced: arguments[CommonOptions.force])
    }
    var passed = 0
    var failed = 0
    var unsupported = 0
    var entries: [JSONValue] = []
    for (path, output) in zip(cases, outputs) {
      guard !console.isInterrupted else { return .interrupted }
      let name = path.split(separator: "/").last.map(String.init) ?? path
      let outcome = Conformance.run(path, output: output, context: context)
      switch outcome {
      case .pass, .done: passed += 1
      case .unsupported: unsupported += 1
      case .fail, .error: failed += 1
      }
      if console.settings.wantsJSON {
        entries.append([
          "case": .string(name), "outcome": .string(outcome.word.lowercased()),
          "reason": JSONValue(outcome.reason),
        ])
      } else {
        try console.result(PrintableText.line(outcome.line(name)))
      }
    }
    if console.settings.wantsJSON {
      try console.result(
        json: [
          "cases": .array(entries), "passed": .integer(passed), "failed": .integer(failed),
          "unsupported": .integer(unsupported),
        ], text: "")
    }
    console.note("\(passed) passed or done, \(failed) failed, \(unsupported) unsupported")
    return failed == 0 ? .done : .failed
  }
}
