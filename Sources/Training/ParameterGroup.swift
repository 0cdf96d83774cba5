import Glibc

/// Parameters that share a learning rate, and whose gradients are clipped together: METHOD, section 3.
public struct ParameterGroup: Sendable {
  /// Name, for example `adapter` or `head`; part of the names of metrics.
  public var name: String
  /// Initializers of the model, in order.
  public var parameters: [String]
  /// Learning rate per step, before the schedule.
  public var learningRate: Double
  /// Weight decay: added to the gradient by Adam, applied to the parameter by AdamW.
  public var weightDecay: Double

  /// A group.
  public init(name: String, parameters: [String], learningRate: Double, weightDecay: Double = 0) {
    self.name = name
    self.parameters = parameters
    self.learningRate = learningRate
    self.weightDecay = weightDecay
  }
}

/// How gradients change parameters.
public struct OptimizerSettings: Sendable {
  /// The update rule.
  public enum Rule: String, Sendable, CaseIterable {
    /// Adam (Kingma and Ba 2015), weight decay added to the gradient.
    case adam
    /// AdamW (Loshchilov and Hutter 2019), decoupled weight decay.
    case adamw
  }
  /// The rule.
  public var rule = Rule.adam
  /// Decay of the first moment.
  public var firstMomentDecay = 0.9
  /// Decay of the second moment.
  public var secondMomentDecay = 0.999
  /// Added to the root of the second moment.
  public var epsilon = 1e-8
  /// Largest global norm of a group's gradient; nil for no clipping.
  public var clippingNorm: Double? = 1

  /// The recipe of METHOD, section 3.
  public init() {}
}

/// How learning rates change over the epochs.
public enum LearningRateSchedule: String, Sendable, CaseIterable {
  /// The same rate throughout.
  case constant
  /// Half a cosine from the full rate to zero.
  case cosine

  /// Factor on every group's learning rate at a step, counted from 0, of `total` steps.
  package func factor(step: Int, total: Int) -> Double {
    switch self {
    case .constant: 1
    case .cosine: total <= 0 ? 1 : 0.5 * (1 + cos(Double.pi * Double(step) / Double(total)))
    }
  }
}
