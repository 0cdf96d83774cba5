import Analysis
package import TensorFiles
package import Training

/// What a training run came to.
package struct TrainingReport: Sendable {
  /// The run folder.
  package let run: String
  /// The exported model.
  package let model: String
  /// The adapter folder; nil for full fine-tuning, whose «adapter» is the whole model.
  package let adapter: String?
  /// Epochs done.
  package let epochs: Int
  /// Epoch whose parameters were exported because it was the best on the validation images; nil for the last one.
  package let bestEpoch: Int?
  /// Figures of the exported file on the test images; nil where there are none.
  package let test: ClassificationMetrics?
  /// Figures of the exported file on the validation images; nil where there are none.
  package let validation: ClassificationMetrics?
  /// Figures of the last epoch's parameters on the test images.
  package let lastTest: ClassificationMetrics?
  /// Trainable parameters, head excluded.
  package let trainableParameters: Int
  /// Learning rate of each group, before the schedule.
  package let learningRates: [(group: String, rate: Double)]
  /// Largest relative difference between the exported file's outputs and the trainer's on real images.
  package let exportDifference: Double
  /// Seconds in all: of this part of the run from its start to the report, and of the epochs that earlier parts had done.
  package let seconds: Double
  /// Seed.
  package let seed: Int
  /// Options, values in force and provenance.
  let record: JSONObject

  /// The object that CLI.md calls `train`.
  package var json: JSONObject {
    var rates = JSONObject()
    for (group, rate) in learningRates { rates[group] = .number(rate) }
    return [
      "run": .string(run), "model": .string(model), "adapter": JSONValue(adapter), "epochs": .integer(epochs),
      "best_epoch": JSONValue(bestEpoch), "test": test.map { .object($0.json) } ?? .null,
      "test_last": lastTest.map { .object($0.json) } ?? .null,
      "validation": validation.map { .object($0.json) } ?? .null,
      "trainable_parameters": .integer(trainableParameters), "learning_rates": .object(rates),
      "export_difference": .number(exportDifference),
      "seconds": .number(seconds), "peak_bytes": .integer(ProcessMemory.peakByteCount),
      "seed": .integer(seed),
      "interrupted": false,
    ]
  }

  /// The object of the run folder's summary: the same with what the run was made from and with.
  package var summary: JSONObject {
    var object = json
    for member in record.members { object[member.key] = member.value }
    return object
  }
}
