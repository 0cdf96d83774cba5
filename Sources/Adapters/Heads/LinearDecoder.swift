import Backbones

/// One linear layer on every place of the last map: C·n + n parameters.
///
/// Source: the linear decoder of Segmenter (Strudel et al. 2021).
struct LinearDecoder: DenseDecoder {
  func maps(of layout: BackboneLayout) -> [FeatureMap] { layout.finalMap.map { [$0] } ?? [] }

  func scores(of maps: [FeatureMap], classes: Int, in builder: inout HeadBuilder) throws(AdapterError) -> (
    value: String, grid: TokenGrid
  ) {
    let map = maps[0]
    let places = try builder.places(of: map, "places")
    let scores = try builder.linear(places, "classifier", from: map.channels, to: classes)
    return (try builder.map(ofPlaces: scores, "scores", classes: classes, map.grid), map.grid)
  }
}
