import Adapters
import Datasets
import Kernels
import Operators
import TensorFiles
import Training

/// What a run folder says of its run: every option, the values in force, and what the run was made from.
///
/// Options are as they were given or are by default, null where they were left to the program, so that reading them back leaves them
/// to it again. Which values it then used stands in `in_force`, under the same keys; null there is what does not apply.
struct RunRecord {
  /// What the run was made from.
  let origin: RunOrigin
  private let request: TrainingRun.Request
  private let trainer: Trainer
  private let decided: JSONObject

  init(
    _ request: TrainingRun.Request, _ origin: RunOrigin, _ adapted: AdaptedModel,
    _ choice: PreprocessingChoice, _ parts: TrainingParts, _ trainer: Trainer, _ context: ExecutionContext
  ) {
    (self.request, self.origin, self.trainer) = (request, origin, trainer)
    var decided: JSONObject = [
      "threads": .integer(context.options.threads), "cpu": .string(context.options.level.name),
      "memory": JSONValue(context.memoryLimit), "micro_batch": .integer(trainer.microBatch),
      "epochs": .integer(request.configuration.epochs), "batch": .integer(request.configuration.batch),
      "validation_share": JSONValue(parts.validationShare),
    ]
    for entry in adapted.recipe { decided[RunRecord.key(entry.key)] = RunRecord.value(of: entry.value) }
    let preparation = choice.preprocessing
    decided["image_size"] = .integer(preparation.outputWidth)
    for field in preparation.fields { decided[field.name] = RunRecord.value(of: field.text) }
    decided["mean"] = .array(preparation.mean.map { JSONValue($0) })
    decided["std"] = .array(preparation.standardDeviation.map { JSONValue($0) })
    self.decided = decided
  }

  /// The object of `config.json`, which `--config` and `--resume` read.
  ///
  /// - Parameter isRateOpen: whether the head's learning rate may still be searched for.
  func configuration(isRateOpen: Bool) -> JSONObject {
    var values = inForce
    if isRateOpen, trainer.isHeadAlone, request.configuration.headLearningRate == nil {
      values["lr_head"] = .null
    }
    var object = request.recordedOptions
    object["in_force"] = .object(values)
    object["provenance"] = .object(origin.json)
    return object
  }

  /// The members that `summary.json` has besides the figures.
  var summary: JSONObject {
    [
      "options": .object(request.recordedOptions), "in_force": .object(inForce),
      "provenance": .object(origin.json),
    ]
  }

  /// Every option with the value that is used.
  private var inForce: JSONObject {
    var object = JSONObject()
    for member in request.recordedOptions.members {
      object[member.key] = decided[member.key] ?? member.value
    }
    let rates = trainer.learningRates
    for (option, group) in [("lr_adapter", "adapter"), ("lr_head", "head")] {
      object[option] = JSONValue(rates.first { $0.group == group }?.rate)
    }
    return object
  }

  private static func key(_ name: String) -> String { String(name.map { $0 == "-" ? "_" : $0 }) }

  /// A text of a recipe or a preparation as JSON has it.
  private static func value(of text: String) -> JSONValue {
    switch text {
    case "none": .null
    case "true", "false": .bool(text == "true")
    default: Int(text).map { .integer($0) } ?? Double(text).map { .number($0) } ?? .string(text)
    }
  }
}

extension TrainingRun.Request {
  /// Every option: those that have a value, then with null those that were left to the program.
  var recordedOptions: JSONObject {
    var object = options
    for key in openOptions where object[key] == nil { object[key] = .null }
    return object
  }
}
