package import Adapters
import Backbones
import Datasets
package import Graphs
package import Operators
package import Training

extension AdaptedModel {
  /// A trainer of this model's trainable tensors with a recipe.
  package func trainer(
    _ configuration: TrainingConfiguration, _ task: any Task, context: ExecutionContext
  ) throws -> Trainer {
    var options = TrainerOptions(context: context)
    options.optimizer = configuration.optimizer
    options.microBatch = configuration.microBatch.map { min($0, configuration.batch) }
    options.splitsPrefix = configuration.augmentation == .none
    if !dropoutPoints.isEmpty {
      options.dropout = DropoutSettings(dropoutPoints.map { .init(value: $0.value, share: $0.share) })
    }
    return try Trainer(
      try trainedModel(task), groups: parameterGroups(configuration), objective: task.objective,
      options: options, registry: ModelFile.registry)
  }

  /// The model with what the loss reads as its only output.
  package func trainedModel(_ task: any Task) throws -> ModelDescription {
    model.delivering([try task.trainedOutput(of: self)])
  }

  /// The two learning-rate groups of METHOD, section 3; the network's own tensors learn as adapters do.
  private func parameterGroups(_ configuration: TrainingConfiguration) -> [ParameterGroup] {
    [
      ParameterGroup(
        name: "adapter", parameters: names(in: .adapter) + names(in: .backbone),
        learningRate: configuration.adapterLearningRate, weightDecay: configuration.weightDecay),
      ParameterGroup(
        name: "head", parameters: names(in: .head),
        learningRate: configuration.headLearningRate ?? TrainingConfiguration.paperHeadRate,
        weightDecay: configuration.weightDecay),
    ]
  }
}
