public import Tensors

/// A value of the residual stream at which an adapter may be put.
public struct InsertionSite: Sendable, Hashable {
  /// What the residual addition before the site added.
  public enum Role: String, Sendable, CaseIterable {
    /// Attention.
    case afterAttention = "after_attention"
    /// The MLP.
    case afterMLP = "after_mlp"
    /// The last part of a block; the value that the block delivers.
    case block
  }

  /// The value: the result of the residual addition.
  public var value: String
  /// What the addition added.
  public var role: Role
  /// How the value holds its map.
  public var layout: StreamLayout
  /// Rows and columns of the map.
  public var grid: TokenGrid
  /// Channels.
  public var channels: Int
  /// Tokens before those of the map.
  public var prefixTokens: Int
  /// Position of the block in the network, from 0.
  public var block: Int
  /// Stage of the block, from 0.
  public var stage: Int
  /// Type of the elements.
  public var elementType: ElementType
  /// The operand that the addition added, for adapters before it; nil where there is no one value.
  public var branchOutput: String?
  /// The normalised value that the added branch starts from, for adapters beside it; nil where there is none.
  public var normOutput: String?

  /// A site.
  public init(
    value: String, role: Role, layout: StreamLayout, grid: TokenGrid, channels: Int, prefixTokens: Int,
    block: Int,
    stage: Int = 0, elementType: ElementType = .float32, branchOutput: String? = nil,
    normOutput: String? = nil
  ) {
    self.value = value
    self.role = role
    self.layout = layout
    self.grid = grid
    self.channels = channels
    self.prefixTokens = prefixTokens
    self.block = block
    self.stage = stage
    self.elementType = elementType
    self.branchOutput = branchOutput
    self.normOutput = normOutput
  }
}
