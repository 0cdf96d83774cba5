import DKA
import Glibc

/// The program `dka`: finds the verb, reads its arguments, runs it and reports what goes wrong.
@main
package struct Tool {
  package static let version = "0.1.0"

  private let commands: [any Command.Type]
  private let output: any TextSink
  private let errors: any TextSink
  private let environment: ToolEnvironment

  package init(
    commands: [any Command.Type], output: any TextSink, errors: any TextSink, environment: ToolEnvironment
  ) {
    (self.commands, self.output, self.errors, self.environment) = (commands, output, errors, environment)
  }

  package static func main() {
    if CommandLine.arguments.dropFirst().elementsEqual([DecodingService.verb]), DecodingService.run() {
      exit(0)
    }
    DecodingProcesses.shared.use(program: "/proc/self/exe")
    FileDescriptor.reserveStandardOnes()
    Interruption.takeOverSignals()
    let tool = Tool(
      commands: CommandRegistry.commands, output: FileDescriptor.standardOutput,
      errors: FileDescriptor.standardError, environment: .current)
    exit(tool.run(Array(CommandLine.arguments.dropFirst())).rawValue)
  }

  /// Runs one command line, without the program's name, and gives the exit code.
  package func run(_ words: [String]) -> ExitCode {
    let console = Console(output: output, errors: errors, settings: environment.settings())
    do {
      guard let verb = words.first else {
        console.explain(help.text(of: commands))
        return .usage
      }
      let rest = Array(words.dropFirst())
      switch verb {
      case "--version":
        try console.result("dka \(Self.version)")
        return .done
      case "--help", "-h", "help":
        try console.result(
          try rest.first.map { help.text(of: try command(named: $0)) } ?? help.text(of: commands))
        return .done
      default:
        let command = try command(named: verb)
        if ArgumentParser.asksForHelp(rest) {
          try console.result(help.text(of: command))
          return .done
        }
        return run(command, rest)
      }
    } catch {
      return Diagnostics(console).report(error)
    }
  }

  private func run(_ type: any Command.Type, _ words: [String]) -> ExitCode {
    // Until the words are understood, a request for JSON is taken from them as they are: errors obey it too.
    let seemsJSON = type.hasJSON && words.prefix { $0 != "--" }.contains("--json")
    var console = Console(
      output: output, errors: errors, settings: environment.settings(wantsJSON: seemsJSON))
    do {
      var parser = ArgumentParser(type) { try FileDescriptor.content(of: $0, limit: 1 << 20) }
      let arguments = try parser.parse(words)
      let level: Console.Level =
        arguments[CommonOptions.quiet] ? .quiet : arguments[CommonOptions.verbose] ? .verbose : .normal
      let settings = environment.settings(
        level: level, wantsJSON: type.hasJSON && arguments[CommonOptions.json],
        color: arguments[CommonOptions.color])
      console = Console(
        output: output, errors: errors, settings: settings, interruption: { Interruption.isRequested })
      let code = try type.init(arguments).run(console)
      console.show(status: "")
      return code
    } catch var error as UsageError {
      error.verb = error.verb ?? type.name
      return Diagnostics(console).report(error)
    } catch {
      return Diagnostics(console).report(error)
    }
  }

  private var help: HelpText { HelpText(width: environment.width ?? 80) }

  private func command(named name: String) throws(UsageError) -> any Command.Type {
    if let command = commands.first(where: { $0.name == name }) { return command }
    let known = commands.map { $0.name }
    let kind = name.hasPrefix("-") ? "unknown option" : "unknown verb"
    var error = UsageError("\(kind) '\(name)'" + Suggestion.text(for: name, among: known), field: name)
    error.verb = ""
    throw error
  }
}
