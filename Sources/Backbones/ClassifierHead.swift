/// The linear classifier at the end of a network.
public struct ClassifierHead: Sendable, Hashable {
  /// What the classifier sees of the last map.
  public enum Kind: String, Sendable {
    /// The class token.
    case classToken = "class_token"
    /// The mean over tokens or pixels.
    case mean
    /// The class token and the mean of the patches, side by side.
    case classTokenAndMean = "class_token_and_mean"
    /// Two classifiers on the class and the distillation token, averaged.
    case distilled
    /// One token of a kind that the structure does not tell.
    case vector
  }

  /// One linear layer.
  public struct Layer: Sendable, Hashable {
    /// Label of the node that multiplies.
    public let node: String
    /// Initializer of the weight, or nil where it is computed from several.
    public let weight: String?
    /// Initializer of the bias, or nil where there is none.
    public let bias: String?
    /// The vector that the layer reads, [B, features], or [B, features, 1, 1].
    public let input: String
    /// The value that the layer's node makes.
    public let product: String
    /// Whether the weight is stored [classes, features].
    public let isTransposed: Bool
  }

  /// What it sees.
  public let kind: Kind
  /// One layer, or two where the classifier is distilled.
  public let layers: [Layer]
  /// Length of the vector that it reads.
  public let features: Int
  /// Number of classes.
  public let classes: Int
  /// The graph output that it makes.
  public let output: String
  /// Whether the output holds logits; false behind Softmax, LogSoftmax or Sigmoid, and for vectors of unit length.
  public let deliversLogits: Bool

  /// Label of the first layer's node.
  public var node: String { layers.first?.node ?? "" }
  /// Initializer of the first layer's weight.
  public var weight: String? { layers.first?.weight }
  /// Initializer of the first layer's bias.
  public var bias: String? { layers.first?.bias }
  /// Initializers of all layers.
  public var initializers: [String] { layers.flatMap { [$0.weight, $0.bias].compactMap { $0 } } }
}
