import DKATool
import Glibc
import TensorFiles
import Testing

struct ToolTests {
  @Test func `without a verb the tool shows its verbs and ends with 64`() {
    let run = ToolRun([])
    #expect(run.code == .usage)
    #expect(run.output == "")
    #expect(run.errors.contains("Verbs:\n  sample  shows every kind of argument\n"))
  }

  @Test(arguments: [["--help"], ["-h"], ["help"]])
  func `help goes to standard output and ends with 0`(words: [String]) {
    let run = ToolRun(words)
    #expect(run.code == .done)
    #expect(run.output.contains("Usage: dka VERB [arguments] [options]"))
    #expect(run.errors == "")
  }

  @Test(arguments: [["help", "sample"], ["sample", "--help"], ["sample", "--zzz", "-h"]])
  func `the help of a verb says what it takes`(words: [String]) {
    let run = ToolRun(words)
    #expect(run.code == .done)
    #expect(
      run.output == """
        dka sample: shows every kind of argument

        Usage: dka sample MODEL -o DIR [options]

        It trains nothing.

        Arguments:
          MODEL  the ONNX file

        Options:
          -o, --output DIR  where results go (required)
          --input FILE      an input (repeatable)
          --epochs N        passes over the training images (1 to 1000; default: 100)
          --task NAME       what is learned (classification, segmentation; default:
                            classification)
          --kernels LIST    kernel sides (each 1 to 255; default: 51,5)
          --dropout X       share of values set to zero (from 0 to below 1; default:
                            0.1)
          --lr-head X       learning rate of the head (above 0)
          --blocks LIST     blocks that get an adapter
          --fold            fold the weights
          --again [DIR]     start over, in a folder
          --fail NAME       throw an error (unsupported, data, many, unknown)

        Common options:
          --threads N    threads that compute; without it one per processor core (1 to
                         1024)
          --cpu NAME     which kernels compute (auto, avx512, avx2, portable; default:
                         auto)
          --memory SIZE  most memory to plan, such as 4GB or 500MiB; without it what is
                         free
          --config FILE  JSON object with option names as keys; the command line goes
                         first
          --json         print one JSON object instead of text
          -q, --quiet    print results and errors only
          -v, --verbose  print what is done in detail
          --color WHEN   colours in messages (auto, always, never; default: auto)

        Examples:
          # train for 3 epochs
          dka sample vit.onnx -o run --epochs 3

        """)
  }

  @Test(arguments: [
    (["smaple"], "error: unknown verb 'smaple'; did you mean 'sample'?\ntry: dka --help\n"),
    (["help", "nothing"], "error: unknown verb 'nothing'\ntry: dka --help\n"),
    (["--verbose"], "error: unknown option '--verbose'\ntry: dka --help\n"),
    (["sample"], "error: MODEL is missing: the ONNX file\ntry: dka sample --help\n"),
  ])
  func `a wrong command line ends with 64 and points to the help`(words: [String], expected: String) {
    let run = ToolRun(words)
    #expect(run.code == .usage)
    #expect(run.output == "")
    #expect(run.errors == expected)
  }

  @Test func `results and messages go to their own streams`() {
    let run = ToolRun(["sample", "m", "-o", "r", "--epochs", "3"])
    #expect(run.code == .done)
    #expect(run.output == "epochs 3\n")
    #expect(run.errors == "working\n")
    #expect(ToolRun(["sample", "m", "-o", "r", "--quiet"]).errors == "")
    #expect(ToolRun(["sample", "m", "-o", "r", "-v"]).errors == "working\nin detail\n")
    #expect(ToolRun(["sample", "m", "-o", "r", "--json"]).output == "{\"epochs\":100}\n")
  }

  @Test func `unsupported operators have a line each and end with 3`() {
    let run = ToolRun(["sample", "m", "-o", "r", "--fail", "unsupported"])
    #expect(run.code == .unsupported)
    #expect(run.errors == "UNSUPPORTED Foo\nUNSUPPORTED Bar x\nerror: 2 operators are not supported\n")
  }

  @Test func `an error names its causes and a way on, in one line each`() {
    let run = ToolRun(["sample", "m", "-o", "r", "--fail", "data"])
    #expect(run.code == .badData)
    let expected = [
      "error: m.onnx: node 'Add_3': line\\u{a}break", "because: the deeper reason", "try: export again", "",
    ]
    #expect(run.errors == expected.joined(separator: "\n"))
  }

  @Test func `details beyond what one reads are counted, and complete under --json`() throws {
    let lines = ToolRun(["sample", "m", "-o", "r", "--fail", "many"]).errors.split(separator: "\n")
    #expect(lines.count == 202 && lines[0] == "error: many" && lines[201] == "  and 812 more")
    let object = try JSONValue(
      parsing: ToolRun(["sample", "m", "-o", "r", "--fail", "many", "--json"]).output)
    #expect(object["error"]?["details"]?.array?.count == 1012)
  }

  @Test func `an error under --json is one object`() throws {
    let run = ToolRun(["sample", "m", "-o", "r", "--fail", "data", "--json"])
    #expect(
      try JSONValue(parsing: run.output) == [
        "error": [
          "code": 65, "message": "line\nbreak", "file": "m.onnx", "node": "Add_3", "tensor": nil,
          "field": nil,
          "hint": "export again", "because": ["the deeper reason"],
        ]
      ])
    let usage = ToolRun(["sample", "--json", "--epoch"])
    #expect(usage.code == .usage)
    #expect(try JSONValue(parsing: usage.output)["error"]?["code"] == 64)
    #expect(try JSONValue(parsing: usage.output)["error"]?["field"] == "--epoch")
  }

  @Test func `an error that nobody describes is our bug`() {
    let run = ToolRun(["sample", "m", "-o", "r", "--fail", "unknown"])
    #expect(run.code == .internalBug)
    #expect(run.errors.hasPrefix("error: unexpected error of type CancellationError"))
  }

  @Test func `a missing or broken configuration file has its own exit code`() {
    let missing = ToolRun(["sample", "m", "-o", "r", "--config", "/no/such/file.json"])
    #expect(missing.code == .missingInput)
    #expect(missing.errors.hasPrefix("error: '/no/such/file.json': cannot open: no such file or directory\n"))
    let folder = ToolRun(["sample", "m", "-o", "r", "--config", "/"])
    #expect(folder.errors.hasPrefix("error: '/': cannot read: is a directory\n"))
  }

  @Test func `messages are coloured on a terminal, by force, and never against NO_COLOR`() {
    var terminal = ToolEnvironment()
    terminal.isErrorTerminal = true
    #expect(
      ToolRun(["zzz"], environment: terminal).errors.hasPrefix("\u{1B}[1;31merror:\u{1B}[0m unknown verb"))
    terminal.refusesColor = true
    #expect(ToolRun(["zzz"], environment: terminal).errors.hasPrefix("error:"))
    let forced = ToolRun(["sample", "m", "-o", "r", "--fail", "data", "--color", "always"])
    #expect(forced.errors.hasPrefix("\u{1B}[1;31merror:"))
  }

  @Test func `a full disk ends with 1 and says so`() {
    let full = FileDescriptor(number: unsafe open("/dev/full", O_WRONLY), name: "standard output")
    let errors = TextRecorder()
    let tool = Tool(
      commands: [SampleVerb.self], output: full, errors: errors, environment: ToolEnvironment())
    #expect(tool.run(["--version"]) == .failed)
    #expect(errors.text == "error: standard output: cannot write: no space left on device\n")
    close(full.number)
  }

  @Test func `a reader that went away ends the tool quietly`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      Interruption.takeOverSignals()
      var ends: [Int32] = [0, 0]
      _ = unsafe pipe(&ends)
      close(ends[0])
      let errors = TextRecorder()
      let tool = Tool(
        commands: [SampleVerb.self], output: FileDescriptor(number: ends[1], name: "standard output"),
        errors: errors, environment: ToolEnvironment())
      let code = tool.run(["--version"])
      exit(errors.text.isEmpty ? code.rawValue : 99)
    }
  }

  @Test func `the first interruption asks to stop, the second ends the process with 130`() async {
    await #expect(processExitsWith: .exitCode(130)) {
      Interruption.takeOverSignals()
      if Interruption.isRequested { exit(1) }
      // To the process, not with `raise`: threads of Dispatch block signals.
      kill(getpid(), SIGINT)
      while !Interruption.isRequested { sched_yield() }
      kill(getpid(), SIGTERM)
      while true { sched_yield() }
    }
  }

  @Test func `a stop is announced once`() {
    let errors = TextRecorder()
    let console = Console(output: TextRecorder(), errors: errors, interruption: { true })
    #expect(console.isInterrupted && console.isInterrupted)
    #expect(errors.text == "stopping after this step; interrupt again to stop at once\n")
  }

  @Test func `the verbs of the tool have distinct names, arguments and help`() {
    let names = CommandRegistry.commands.map { $0.name }
    #expect(Set(names).count == names.count)
    for command in CommandRegistry.commands {
      let forms = command.allArguments.flatMap(\.definitions).map(\.form)
      let spellings = forms.map(\.spelling) + forms.compactMap { $0.short.map { "-\($0)" } }
      #expect(Set(spellings).count == spellings.count, "dka \(command.name)")
      #expect(!command.examples.isEmpty, "dka \(command.name)")
    }
  }
}
