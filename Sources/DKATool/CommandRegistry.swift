/// The verbs in the order of `dka --help`.
package enum CommandRegistry {
  package static var commands: [any Command.Type] {
    [
      EvaluateCommand.self, PredictCommand.self, RunCommand.self, GradientsCommand.self, ConformanceCommand.self,
    ]
  }
}
