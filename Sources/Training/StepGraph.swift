import Execution
package import Operators
import Graphs
import Tensors

/// The graph of one micro-batch: forward, loss, backward, and adding the gradients to their sums.
///
///     loss = Σ cross-entropy(logits, labels)        sum[p] ← sum[p] + loss_scale · ∂loss/∂p
///
/// `loss_scale` is 1 / (images of the whole batch), so that after all micro-batches the sums hold the gradient
/// of the mean loss. The sum of a parameter that the loss does not depend on stays away: it is zero. Inputs: the model's, then `labels` [m] int64 and `loss_scale` []; outputs: loss, logits.
package enum StepGraph {
  /// Name of the input that holds class indices.
  package static let labels = "training/labels"
  /// Name of the input that holds the factor of the loss.
  package static let lossScale = "training/loss_scale"

  /// Name of the variable that sums a parameter's gradient.
  package static func gradientSum(of parameter: String) -> String { "training/gradient_sum/\(parameter)" }

  /// Extends a lowered classifier.
  ///
  /// - Parameters:
  ///   - graph: lowered at the micro-batch's size; first output [m, classes].
  ///   - parameters: variables to train.
  package static func make(from graph: LoweredGraph, parameters: [String], registry: OperatorRegistry)
    throws(TrainingError) -> LoweredGraph
  {
    guard let logits = graph.outputs.first, graph.type(logits).shape.rank == 2 else {
      let shape = graph.outputs.first.map { graph.type($0).shape.description } ?? "none"
      throw .unsuitable(
        "training a classifier needs scores of shape [images, classes], found \(shape)")
    }
    let images = graph.type(logits).shape[0]
    var builder = GradientBuilder(extending: graph, registry: registry, prefix: "training/")
    builder.addInput(labels, type: ValueType(.int64, Shape([images])))
    builder.addInput(lossScale, type: ValueType(.float32, []))
    do {
      let loss = try builder.emit(
        "SoftmaxCrossEntropyLoss", [logits, labels], [Attribute("reduction", "sum")])
      let gradients = try Differentiation.extend(
        &builder, seeds: [(value: loss, gradient: lossScale)], by: parameters)
      for (parameter, gradient) in zip(parameters, gradients) {
        guard let gradient else { continue }
        let sum = gradientSum(of: parameter)
        let type = graph.type(parameter)
        builder.origin = LoweredNode.Origin(label: parameter, phase: .backward)
        builder.addVariable(sum, start: try Tensor(zeros: type.shape, of: type.elementType))
        builder.addUpdate(of: sum, to: try builder.emit("Add", [sum, gradient]))
      }
      builder.setOutputs([loss, logits])
    } catch let error as DifferentiationError {
      throw .differentiation(error)
    } catch let error as OperatorError {
      throw .execution(.node(label: "loss", operatorName: "SoftmaxCrossEntropyLoss", error))
    } catch { throw .unsuitable("no memory for gradient sums") }
    return builder.graph
  }
}
