package import Adapters
import Datasets
package import Operators
package import Training

extension AdaptedModel {
  /// A trainer of this model's trainable tensors with a recipe.
  package func trainer(_ configuration: TrainingConfiguration, context: ExecutionContext) throws -> Trainer {
    var options = TrainerOptions(context: context)
    options.optimizer = configuration.optimizer
    options.microBatch = configuration.microBatch.map { min($0, configuration.batch) }
    options.splitsPrefix = configuration.augmentation == .none
    options.dropout = dropout > 0 ? .init(share: dropout, values: dropoutPoints) : nil
    return try Trainer(
      model, groups: parameterGroups(configuration), options: options, registry: ModelFile.registry)
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
