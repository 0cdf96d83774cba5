import Execution
import Graphs
package import Operators
package import Tensors

/// The graph that turns gradient sums into new parameters: clipping per group, then the update rule.
///
/// Inputs: `training/step` [] int64, 1 at the first update, and `training/learning_rate/<group>` [] float32 per group.
/// Outputs: the gradient norm per group before clipping. Parameters, moments and gradient sums are variables.
package enum UpdateGraph {
  /// Name of the input that holds the number of the update, from 1.
  package static let step = "training/step"

  /// Name of the input that holds a group's learning rate.
  package static func learningRate(of group: String) -> String { "training/learning_rate/\(group)" }

  /// Names of the variables that hold a parameter's first and second moment.
  package static func moments(of parameter: String) -> (first: String, second: String) {
    ("training/first_moment/\(parameter)", "training/second_moment/\(parameter)")
  }

  /// Builds the graph for parameters with their start values.
  package static func make(
    groups: [ParameterGroup], parameters: [String: Tensor], settings: OptimizerSettings
  ) throws(TrainingError) -> LoweredGraph {
    var builder = GradientBuilder(extending: LoweredGraph(), prefix: "update/")
    builder.addInput(step, type: ValueType(.int64, []))
    var norms: [String] = []
    do {
      let none = try ZeroStart(upTo: parameters.values.map(\.byteCount).max() ?? 0)
      for group in groups where !group.parameters.isEmpty {
        builder.origin = LoweredNode.Origin(label: group.name, phase: .update)
        builder.addInput(learningRate(of: group.name), type: ValueType(.float32, []))
        var sums: [String] = []
        for name in group.parameters {
          guard let start = parameters[name] else { throw TrainingError.unsuitable("no parameter '\(name)'") }
          let zeros = none.zeros(like: ValueType(start.elementType, start.shape))
          builder.addVariable(name, start: start)
          builder.addVariable(StepGraph.gradientSum(of: name), start: zeros)
          builder.addVariable(moments(of: name).first, start: zeros)
          builder.addVariable(moments(of: name).second, start: zeros)
          sums.append(StepGraph.gradientSum(of: name))
        }
        var gradients = sums
        if let maximum = settings.clippingNorm {
          let clipped = try GradientClipping.emit(sums, maximumNorm: maximum, into: &builder)
          gradients = clipped.gradients
          norms.append(clipped.norm)
        }
        try emitUpdate(of: group, gradients: gradients, settings, into: &builder)
      }
    } catch let error as TrainingError {
      throw error
    } catch let error as OperatorError {
      throw .execution(.node(label: "update", operatorName: settings.rule.rawValue, error))
    } catch { throw .unsuitable("no memory for optimiser state") }
    builder.setOutputs(norms)
    return builder.graph
  }

  private static func emitUpdate(
    of group: ParameterGroup, gradients: [String], _ settings: OptimizerSettings,
    into builder: inout GradientBuilder
  ) throws(OperatorError) {
    let names = group.parameters
    let inputs =
      [learningRate(of: group.name), step] + names + gradients + names.map { moments(of: $0).first }
      + names.map { moments(of: $0).second }
    let step = try AdamW(
      alpha: Float(settings.firstMomentDecay), beta: Float(settings.secondMomentDecay),
      epsilon: Float(settings.epsilon), decay: Float(group.weightDecay),
      isDecoupled: settings.rule == .adamw)
    let results = try builder.emit(step, inputs, resultCount: 3 * names.count)
    for (index, name) in names.enumerated() {
      builder.addUpdate(of: name, to: results[index])
      builder.addUpdate(of: moments(of: name).first, to: results[names.count + index])
      builder.addUpdate(of: moments(of: name).second, to: results[2 * names.count + index])
    }
  }
}
