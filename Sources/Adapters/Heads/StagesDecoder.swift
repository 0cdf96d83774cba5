import Backbones
import Graphs

/// All grids of a network brought to the largest one and mixed: for networks whose maps become smaller.
///
///     per grid   y = Linear C→256 (LN x), bilinear to the largest grid
///     scores     = Linear 256→n (ReLU (Linear (256·grids)→256 (Concat y)))          dropout 0.1 behind the ReLU while training
///
/// Parameters: Σ (2·C + 256·C + 256) + 256·(256·grids) + 256 + 256·n + n. Weights are truncated normal with σ 0.02, biases 0; no
/// BatchNormalization, since batches are small.
struct StagesDecoder: DenseDecoder {
  private static let width = 256
  private static let dropout = 0.1

  func maps(of layout: BackboneLayout) -> [FeatureMap] { layout.maps }

  func scores(of maps: [FeatureMap], classes: Int, in builder: inout HeadBuilder) throws(AdapterError) -> (
    value: String, grid: TokenGrid
  ) {
    let width = Self.width
    let largest = maps.map(\.grid).max { $0.count < $1.count } ?? maps[0].grid
    let size = (largest.height, largest.width)
    let parts = try maps.enumerated().map { index, map throws(AdapterError) in
      let part = "stages/\(index)"
      let places = try builder.places(of: map, part + "/places")
      let normal = try builder.layerNormalization(places, part + "/norm", features: map.channels)
      let reduced = try builder.linear(normal, part + "/linear", from: map.channels, to: width)
      let small = try builder.map(ofPlaces: reduced, part + "/map", classes: width, map.grid)
      return try builder.resize(small, part + "/resized", from: (map.grid.height, map.grid.width), to: size)
    }
    var whole = parts[0]
    if parts.count > 1 { whole = builder.node("Concat", "joined", parts, [Attribute("axis", 1)]) }
    let mixed = try builder.pointwise(whole, "mixed", from: width * parts.count, to: width)
    let activated = builder.node("Relu", "activated", [mixed])
    builder.addDropout(behind: activated, share: Self.dropout)
    return (try builder.pointwise(activated, "scores", from: width, to: classes), largest)
  }
}
