/// The patches of an image as rows and columns.
public struct TokenGrid: Hashable, Sendable, CustomStringConvertible {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int

  /// A grid of rows and columns.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// A grid from a text such as `14x14`; nil where it is none.
  public init?(text: String) {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let height = sides[0], let width = sides[1], (1...8192).contains(height),
      (1...8192).contains(width)
    else { return nil }
    self.init(height: height, width: width)
  }

  /// Number of patches.
  public var count: Int { height * width }

  /// `14×14`.
  public var description: String { "\(height)×\(width)" }
}

/// How a value holds a map of features.
public enum StreamLayout: String, Sendable, CaseIterable {
  /// Tokens [B, P + H·W, C], prefix tokens first.
  case tokens = "BNC"
  /// A map as a list [B, H·W, C], without prefix tokens.
  case list = "BLC"
  /// A map with channels last [B, H, W, C].
  case channelsLast = "BHWC"
  /// A map with channels first [B, C, H, W].
  case channelsFirst = "BCHW"
}
