import Execution
package import Operators
import Graphs
import Tensors

/// The graph of one micro-batch: forward, loss, backward, and adding the gradients to their sums.
///
///     loss = Σ objective(output, targets)        sum[p] ← sum[p] + loss_scale · ∂loss/∂p
///
/// `loss_scale` is 1 / (images of the whole batch), so that after all micro-batches the sums hold the gradient
/// of the mean loss. The sum of a parameter that the loss does not depend on stays away: it is zero. Inputs: the model's, then `targets` as the objective wants them and `loss_scale` []; outputs: loss, and the model's first one.
package enum StepGraph {
  /// Name of the input that holds the targets.
  package static let targets = "training/targets"
  /// Name of the input that holds the factor of the loss.
  package static let lossScale = "training/loss_scale"

  /// Name of the variable that sums a parameter's gradient.
  package static func gradientSum(of parameter: String) -> String { "training/gradient_sum/\(parameter)" }

  /// Extends a lowered model.
  ///
  /// - Parameters:
  ///   - graph: lowered at the micro-batch's size; the loss is taken of its first output.
  ///   - parameters: variables to train.
  package static func make(
    from graph: LoweredGraph, parameters: [String], objective: any Objective
  ) throws(TrainingError) -> LoweredGraph {
    guard let output = graph.outputs.first else { throw .unsuitable("the model has no output to train") }
    let type = try objective.targets(for: graph.type(output))
    var builder = GradientBuilder(extending: graph, prefix: "training/")
    builder.addInput(targets, type: type)
    builder.addInput(lossScale, type: ValueType(.float32, []))
    do {
      let loss = try objective.loss(of: output, against: targets, in: &builder)
      let gradients = try Differentiation.extend(
        &builder, seeds: [(value: loss, gradient: lossScale)], by: parameters)
      let start = try ZeroStart(upTo: parameters.map { graph.type($0).byteCount }.max() ?? 0)
      for (parameter, gradient) in zip(parameters, gradients) {
        guard let gradient else { continue }
        let sum = gradientSum(of: parameter)
        builder.origin = LoweredNode.Origin(label: parameter, phase: .backward)
        builder.addVariable(sum, start: start.zeros(like: graph.type(parameter)))
        builder.addUpdate(of: sum, to: try builder.emit(Add(), [sum, gradient]))
      }
      builder.setOutputs([loss, output])
    } catch let error as DifferentiationError {
      throw .differentiation(error)
    } catch let error as OperatorError {
      throw .execution(.node(label: "loss", operatorName: "loss", error))
    } catch { throw .unsuitable("no memory for gradient sums") }
    return builder.graph
  }
}
