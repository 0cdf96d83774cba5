/// What a new classifier reads, and how a vector of features comes from it.
///
///     a vector [B, C]                       read as it is
///     several of them                       their mean
///     tokens [B, N, C]                      the first one, or the mean over axis 1
///     a map [B, C, H, W], [B, H, W, C]      the mean over its two axes
public struct HeadInput: Sendable, Hashable {
  /// The values read, of one shape: their mean where there are several.
  public let values: [String]
  /// Length of the vector that the classifier gets.
  public let features: Int
  /// Position on axis 1 that is read, or nil for all.
  public let token: Int?
  /// Axes over which the mean is taken; empty for a vector.
  public let averagedAxes: [Int]

  /// What is read of some values.
  public init(_ values: [String], features: Int, token: Int? = nil, averagedAxes: [Int] = []) {
    self.values = values
    self.features = features
    self.token = token
    self.averagedAxes = averagedAxes
  }

  /// A value [B, features].
  public static func vector(_ value: String, features: Int) -> HeadInput {
    HeadInput([value], features: features)
  }

  /// The first of the tokens of a value [B, N, features].
  public static func firstToken(_ value: String, features: Int) -> HeadInput {
    HeadInput([value], features: features, token: 0)
  }

  /// The mean of all tokens of a value [B, N, features].
  public static func meanOfTokens(_ value: String, features: Int) -> HeadInput {
    HeadInput([value], features: features, averagedAxes: [1])
  }

  /// The mean of all pixels of a map.
  public static func meanOfMap(_ value: String, features: Int, layout: StreamLayout = .channelsFirst)
    -> HeadInput
  {
    HeadInput([value], features: features, averagedAxes: layout == .channelsLast ? [1, 2] : [2, 3])
  }
}
