public import Backbones
public import Graphs
import Rewriting
import Tensors

/// A new head that gives scores of classes for every pixel: logits [B, n, H, W] at the size of the network's images.
///
/// What delivered the old output goes with it. The output is called `logits`; other outputs stay where they do not depend on the
/// old classifier. What the file stores in floats of 16 bits is widened first.
public struct DenseHead: TaskHead {
  /// How maps of features become scores.
  public enum Kind: String, Sendable, CaseIterable {
    /// One linear layer on every place of the last map.
    case linear
    /// Segmenter's mask transformer on the last map.
    case mask
    /// All grids brought to the largest one and mixed.
    case stages
  }

  /// How maps become scores; nil for what suits the network: `stages` where it has several grids, else `mask`.
  public let kind: Kind?
  /// Classes of pixels, at least 2.
  public let classes: Int

  /// Whether a second output, `mask` [B, H, W], gives the class with the largest score.
  public let hasArgMax: Bool

  /// A head of some kind; nil for the one that suits the network.
  public init(_ kind: Kind? = nil, classes: Int, hasArgMax: Bool = false) {
    (self.kind, self.classes, self.hasArgMax) = (kind, classes, hasArgMax)
  }

  /// Its kind and the number of classes.
  public func recipe(in layout: BackboneLayout) -> [(key: String, value: String)] {
    [("head", kind(in: layout).rawValue), ("classes", "\(classes)")]
      + (hasArgMax ? [("argmax", "true")] : [])
  }

  private func kind(in layout: BackboneLayout) -> Kind {
    kind ?? (layout.maps.count > 1 ? .stages : .mask)
  }

  private func decoder(for layout: BackboneLayout) -> any DenseDecoder {
    switch kind(in: layout) {
    case .linear: LinearDecoder()
    case .mask: MaskTransformer()
    case .stages: StagesDecoder()
    }
  }

  /// The values that it reads.
  public func values(readIn layout: BackboneLayout) -> [String] {
    decoder(for: layout).maps(of: layout).map(\.value)
  }

  /// Puts the head into a graph and removes what only the old one needed.
  public func install(in graph: Graph, _ layout: BackboneLayout, _ context: HeadContext)
    throws(AdapterError) -> InstalledHead
  {
    guard (2...1024).contains(classes) else {
      throw .usage("\(classes) classes of pixels, expected 2 to 1024", option: "mask-classes")
    }
    let decoder = decoder(for: layout)
    let maps = decoder.maps(of: layout)
    guard !maps.isEmpty else {
      throw AdapterError(
        .unsupported, "the network delivers no map of features that a head for pixels could read",
        tensor: layout.output,
        hint: "dka inspect lists what was recognised; name points of the stream with --at")
    }
    guard let image = layout.image else {
      throw AdapterError(.unsupported, "the network has no image input, whose size the masks would have")
    }
    let replacement = OutputReplacement(of: layout, in: graph)
    let kept = graph.keeping(maps.map(\.value) + replacement.others.map(\.name))
    let name = replacement.unusedName("logits", in: kept)
    var builder = HeadBuilder(context)
    var widened: [FeatureMap] = []
    for (index, map) in maps.enumerated() {
      guard layout.storedTypes[map.value] != nil else {
        widened.append(map)
        continue
      }
      let value = builder.node(
        "Cast", "widened_\(index)", [map.value], [Attribute("to", Int(ElementType.float32.rawValue))])
      widened.append(
        FeatureMap(
          value: value, layout: map.layout, grid: map.grid, channels: map.channels,
          prefixTokens: map.prefixTokens))
    }
    let scores = try decoder.scores(of: widened, classes: classes, in: &builder)
    let whole = try builder.resize(
      scores.value, "resized", from: (scores.grid.height, scores.grid.width),
      to: (image.height, image.width))
    builder.deliver("Identity", of: whole, as: name)
    let extents = [classes, image.height, image.width].map { Dimension(.value(Int64($0))) }
    var output = ValueDescription(name: name, type: nil)
    output.type = TypeDescription(
      .tensor(elementType: ElementType.float32.rawValue, shape: [replacement.batch] + extents))
    var outputs = [output]
    if hasArgMax {
      var mask = ValueDescription(name: replacement.unusedName("mask", in: kept), type: nil)
      mask.type = TypeDescription(
        .tensor(elementType: ElementType.int64.rawValue, shape: [replacement.batch] + extents.dropFirst()))
      builder.deliver(
        "ArgMax", of: name, as: mask.name, [Attribute("axis", 1), Attribute("keepdims", 0)])
      outputs.append(mask)
    }
    builder.setOutputs(outputs + replacement.others)
    var patch = builder.patch
    patch.makeNodeNamesUnique(in: kept)
    do {
      return InstalledHead(
        graph: try kept.applying(patch), output: name, parameters: builder.parameters,
        dropoutPoints: builder.dropoutPoints)
    } catch { throw .patching(error) }
  }
}

/// How maps of features become scores of classes on a grid.
protocol DenseDecoder {
  /// The maps that are read, none where the network has none that suit.
  func maps(of layout: BackboneLayout) -> [FeatureMap]

  /// Emits the decoder; scores are [B, n, h, w].
  func scores(of maps: [FeatureMap], classes: Int, in builder: inout HeadBuilder) throws(AdapterError) -> (
    value: String, grid: TokenGrid
  )
}

extension HeadBuilder {
  /// A map as its places in a list [B, H·W, C], prefix tokens left out.
  mutating func places(of map: FeatureMap, _ part: String) throws(AdapterError) -> String {
    switch map.layout {
    case .list: return map.value
    case .tokens:
      guard map.prefixTokens > 0 else { return map.value }
      return try slice(
        map.value, part, axis: 1, from: map.prefixTokens, to: map.prefixTokens + map.grid.count)
    case .channelsLast: return try reshape(map.value, part, [0, map.grid.count, map.channels])
    case .channelsFirst:
      let flat = try reshape(map.value, part + "/flat", [0, map.channels, map.grid.count])
      return transpose(flat, part, [0, 2, 1])
    }
  }

  /// Scores of places [B, H·W, n] as a map [B, n, H, W].
  mutating func map(ofPlaces scores: String, _ part: String, classes: Int, _ grid: TokenGrid)
    throws(AdapterError) -> String
  {
    let channels = transpose(scores, part + "/channels", [0, 2, 1])
    return try reshape(channels, part, [0, classes, grid.height, grid.width])
  }
}
