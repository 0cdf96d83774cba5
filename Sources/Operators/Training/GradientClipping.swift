import Graphs
import Tensors

/// Scaling of gradients whose common norm is too large.
package enum GradientClipping {
  /// Emits a scaling of gradients to at most a common Euclidean norm.
  ///
  ///     norm = √Σ g²;  g ← g · min(1, maximum / (norm + 1e-6))
  ///
  /// - Returns: the scaled gradients in the given order, and the norm before scaling, a scalar.
  /// Source: torch.nn.utils.clip_grad_norm_.
  package static func emit(
    _ gradients: [String], maximumNorm: Double, into builder: inout GradientBuilder
  ) throws(OperatorError) -> (gradients: [String], norm: String) {
    guard let first = gradients.first else { throw .invalid("there is no gradient to clip") }
    var norms: [String] = []
    for gradient in gradients {
      let norm = try builder.emit(ReduceL2(keepsAxes: false), [gradient])
      norms.append(try builder.reshape(norm, to: [1]))
    }
    let all = try builder.emit(Concat(axis: 0), norms)
    let norm = try builder.emit(ReduceL2(keepsAxes: false), [all])
    let stable = try builder.emit(Add(), [norm, try builder.scalar(1e-6, like: first)])
    let ratio = try builder.emit(Div(), [try builder.scalar(maximumNorm, like: first), stable])
    let factor = try builder.emit(Clip(), [ratio, "", try builder.scalar(1, like: first)])
    var clipped: [String] = []
    for gradient in gradients { clipped.append(try builder.emit(Mul(), [gradient, factor])) }
    return (clipped, norm)
  }
}
