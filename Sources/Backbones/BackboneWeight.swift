/// A tensor of the network that training may change: an initializer of the file.
public struct BackboneWeight: Sendable, Hashable {
  /// What the tensor is to the network.
  public enum Role: String, Sendable {
    /// Matrix of a linear layer.
    case linear
    /// Kernels of a convolution.
    case convolution
    /// Bias of a linear layer or convolution.
    case bias
    /// Scale of a normalisation, or of a branch (LayerScale).
    case scale
    /// Shift of a normalisation.
    case shift
    /// Learned tokens: class, distillation, registers.
    case token
    /// Position embedding.
    case position
  }
  /// The initializer's name.
  public let name: String
  /// What it is.
  public let role: Role
  /// Number of elements.
  public let count: Int
}
