/// A value that holds features of every place of the image: what heads for pixels read.
public struct FeatureMap: Sendable, Hashable {
  /// The value.
  public let value: String
  /// How the value holds its map.
  public let layout: StreamLayout
  /// Rows and columns of the map.
  public let grid: TokenGrid
  /// Channels.
  public let channels: Int
  /// Tokens before those of the map.
  public let prefixTokens: Int

  /// A map.
  public init(value: String, layout: StreamLayout, grid: TokenGrid, channels: Int, prefixTokens: Int) {
    (self.value, self.layout, self.grid) = (value, layout, grid)
    (self.channels, self.prefixTokens) = (channels, prefixTokens)
  }

  /// The map at a site of the stream.
  init(_ site: InsertionSite) {
    self.init(
      value: site.value, layout: site.layout, grid: site.grid, channels: site.channels,
      prefixTokens: site.prefixTokens)
  }

  /// The same map as another value holds it.
  func held(by value: String) -> FeatureMap {
    FeatureMap(
      value: value, layout: layout, grid: grid, channels: channels, prefixTokens: prefixTokens)
  }
}

extension [BackboneLayout.Block] {
  /// The last value of each grid, in the order of the network.
  var lastOfEachGrid: [FeatureMap] {
    var maps: [FeatureMap] = []
    for site in flatMap(\.points) {
      let map = FeatureMap(site)
      if maps.last?.grid == map.grid { maps.removeLast() }
      maps.append(map)
    }
    return maps
  }
}
