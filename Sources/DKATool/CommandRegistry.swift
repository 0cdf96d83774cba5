/// The verbs in the order of `dka --help`.
package enum CommandRegistry {
  package static var commands: [any Command.Type] {
    [
      InspectCommand.self, InjectCommand.self, TrainCommand.self, ApplyCommand.self, EvaluateCommand.self,
      PredictCommand.self,
      RunCommand.self, GradientsCommand.self, ConformanceCommand.self, BenchCommand.self, VerifyCommand.self,
      PhantomsCommand.self,
    ]
  }
}
