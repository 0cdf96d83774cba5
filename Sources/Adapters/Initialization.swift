import Tensors

/// What adapter weights are before training: METHOD, section 1.
///
/// Every tensor has its own random generator, keyed by (seed, module, tensor), so its numbers depend neither on the other
/// modules nor on the order in which they are made.
public enum Initialization: String, Sendable, CaseIterable {
  /// Up zero, Down truncated normal with σ 0.01, kernels normal with σ √(2 / (d·K²)), biases zero.
  case standard = "default"
  /// The same with Up truncated normal too.
  case reference
  /// What PyTorch's layers draw: uniform within ±1/√(fan in), biases too.
  case torch

  /// What a tensor is to its module, which decides how it is drawn.
  public enum Part: Int, Sendable {
    /// The projection to the bottleneck.
    case down
    /// The depthwise kernel with the wide field.
    case large
    /// The depthwise kernel with the narrow field.
    case small
    /// The projection back.
    case up
    /// Bias of `down`.
    case downBias
    /// Bias of `up`.
    case upBias

    /// Name of the initializer within its module.
    var name: String {
      switch self {
      case .down: "down"
      case .large: "large"
      case .small: "small"
      case .up: "up"
      case .downBias: "down_bias"
      case .upBias: "up_bias"
      }
    }
  }

  /// The numbers of a tensor.
  ///
  /// - Parameters:
  ///   - fanIn: number of inputs that each output of the layer sums.
  ///   - fanOut: the same backwards; for a depthwise kernel PyTorch's rule ignores the groups: d·K².
  func values(
    _ part: Part, count: Int, fanIn: Int, fanOut: Int, seed: Int, module: Int
  ) -> [Float] {
    var random = Random(seed, module, part.rawValue)
    if self == .torch {
      let bound = 1 / Double(max(fanIn, 1)).squareRoot()
      return (0..<count).map { _ in Float((2 * random.uniform() - 1) * bound) }
    }
    switch part {
    case .large, .small:
      let deviation = (2 / Double(max(fanOut, 1))).squareRoot()
      return (0..<count).map { _ in Float(deviation * random.normal()) }
    case .down: return Self.truncatedNormal(count, deviation: 0.01, &random)
    case .up where self == .reference: return Self.truncatedNormal(count, deviation: 0.01, &random)
    case .up, .downBias, .upBias: return [Float](repeating: 0, count: count)
    }
  }

  /// Normal numbers within two deviations.
  static func truncatedNormal(_ count: Int, deviation: Double, _ random: inout Random) -> [Float] {
    (0..<count).map { _ in Float(deviation * random.truncatedNormal()) }
  }
}
