internal import CKernels
import Glibc
import Tensors

/// Activation that a product applies before it is written.
package enum ProductActivation: Hashable, Sendable {
  /// None.
  case none
  /// max(x, 0).
  case relu
  /// x · Φ(x) with the exact error function.
  case gelu
  /// min(max(x, low), high), NaN where x is; both are numbers.
  case clip(low: Double, high: Double)

  /// The activation of one number.
  func applied<Element: BinaryFloatingPoint>(to value: Element) -> Element {
    switch self {
    case .none: return value
    case .relu: return value < 0 ? 0 : value
    case .gelu:
      let x = Double(value)
      return Element(0.5 * x * (1 + erf(x * 0.5.squareRoot())))
    case .clip(let low, let high):
      let raised = value < Element(low) ? Element(low) : value
      return raised > Element(high) ? Element(high) : raised
    }
  }

  /// What C kernels are told: one of DKA_ACTIVATION_*, and its bounds.
  var kernel: (code: Int32, lower: Float, upper: Float) {
    switch self {
    case .none: (DKA_ACTIVATION_NONE, -.infinity, .infinity)
    case .relu: (DKA_ACTIVATION_RELU, -.infinity, .infinity)
    case .gelu: (DKA_ACTIVATION_GELU, -.infinity, .infinity)
    case .clip(let low, let high): (DKA_ACTIVATION_CLIP, Float(low), Float(high))
    }
  }
}

extension MatrixEpilogue {
  /// Adds bias and residual, whose rows are `columns` apart, and applies an activation.
  init(
    _ activation: ProductActivation, bias: TensorView?, residual: TensorView?, columns: Int
  ) where Scalar == Float {
    unsafe self.init(alpha: 1)
    let (code, lower, upper) = activation.kernel
    unsafe self.activation = Activation(rawValue: code) ?? .none
    unsafe (self.lower, self.upper) = (lower, upper)
    if let bias { unsafe self.bias = UnsafePointer(bias.words(Float.self)) }
    if let residual {
      unsafe self.residual = UnsafePointer(residual.words(Float.self))
      unsafe residualRowStride = columns
    }
  }
}
