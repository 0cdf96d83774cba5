import Backbones
import Graphs

/// The mask transformer of Segmenter (Strudel, Garcia, Laptev, Schmid 2021) on the last map.
///
///     z = [Linear(x), class tokens]          2 × z = z + Attention(LN z), z = z + MLP(LN z)          z = LN z
///     scores = LN(p̂ · ĉᵀ)          p̂, ĉ = patches and class tokens of z, projected, at unit length
///
/// Width C, C/64 heads, MLP 4·C. Parameters: C² + C + n·C + 2·(12·C² + 13·C) + 2·C + 2·C² + 2·n.
struct MaskTransformer: DenseDecoder {
  private static let layers = 2
  private static let headWidth = 64

  func maps(of layout: BackboneLayout) -> [FeatureMap] { layout.finalMap.map { [$0] } ?? [] }

  func scores(of maps: [FeatureMap], classes: Int, in builder: inout HeadBuilder) throws(AdapterError) -> (
    value: String, grid: TokenGrid
  ) {
    let map = maps[0]
    let (width, count) = (map.channels, map.grid.count)
    let places = try builder.places(of: map, "places")
    let patches = try builder.linear(places, "projection", from: width, to: width)
    let tokens = try builder.weight("class_tokens", [1, classes, width], .truncatedNormal(0.02))
    let batch = try builder.slice(
      builder.node("Shape", "shape", [patches]), "batch", axis: 0, from: 0, to: 1)
    let extents = builder.node(
      "Concat", "token_extents", [batch, try builder.integers([classes, width])], [Attribute("axis", 0)])
    let expanded = builder.node("Expand", "batch_of_class_tokens", [tokens, extents])
    var stream = builder.node("Concat", "tokens", [patches, expanded], [Attribute("axis", 1)])
    for layer in 0..<Self.layers {
      stream = try block(stream, "blocks/\(layer)", width: width, tokens: count + classes, in: &builder)
    }
    let normal = try builder.layerNormalization(stream, "norm", features: width)
    let deviation = 1 / Double(width).squareRoot()
    func projected(_ part: String, _ range: Range<Int>) throws(AdapterError) -> String {
      let some = try builder.slice(
        normal, part, axis: 1, from: range.lowerBound, to: range.upperBound)
      let weight = try builder.weight(part + "/projection", [width, width], .normal(deviation))
      return try builder.unitLength(
        builder.node("MatMul", part + "/projected", [some, weight]), part + "/unit")
    }
    let unitPatches = try projected("patches", 0..<count)
    let unitClasses = try projected("classes", count..<count + classes)
    let product = builder.node(
      "MatMul", "product", [unitPatches, builder.transpose(unitClasses, "classes/columns", [0, 2, 1])])
    let scores = try builder.layerNormalization(product, "mask_norm", features: classes)
    return (try builder.map(ofPlaces: scores, "scores", classes: classes, map.grid), map.grid)
  }

  /// A pre-norm block of attention and MLP.
  private func block(
    _ stream: String, _ part: String, width: Int, tokens: Int, in builder: inout HeadBuilder
  ) throws(AdapterError) -> String {
    let normal = try builder.layerNormalization(stream, part + "/norm1", features: width)
    let mixed = try attention(normal, part + "/attention", width: width, tokens: tokens, in: &builder)
    let middle = builder.node("Add", part + "/after_attention", [stream, mixed])
    let second = try builder.layerNormalization(middle, part + "/norm2", features: width)
    let hidden = try builder.linear(second, part + "/mlp/hidden", from: width, to: 4 * width)
    let activated = try builder.gelu(hidden, part + "/mlp/activated")
    let update = try builder.linear(activated, part + "/mlp/update", from: 4 * width, to: width)
    return builder.node("Add", part + "/after_mlp", [middle, update])
  }

  private func attention(
    _ value: String, _ part: String, width: Int, tokens: Int, in builder: inout HeadBuilder
  ) throws(AdapterError) -> String {
    let heads = max(width / Self.headWidth, 1)
    let headWidth = width / heads
    let packed = try builder.linear(value, part + "/qkv", from: width, to: 3 * width)
    let split = try builder.reshape(packed, part + "/split", [0, tokens, 3, heads, headWidth])
    let ordered = builder.transpose(split, part + "/ordered", [2, 0, 3, 1, 4])
    func operand(_ index: Int, _ name: String) throws(AdapterError) -> String {
      let one = try builder.slice(ordered, "\(part)/\(name)_of_one", axis: 0, from: index, to: index + 1)
      // [1, B, heads, tokens, width of a head] without the first axis, whatever the batch.
      return try builder.reshape(one, "\(part)/\(name)", [-1, heads, tokens, headWidth])
    }
    let (query, key, content) = (try operand(0, "q"), try operand(1, "k"), try operand(2, "v"))
    let scale = try builder.scalar(
      1 / Double(headWidth).squareRoot(), named: "attention_scale_\(headWidth)")
    let scaled = builder.node("Mul", part + "/scaled", [query, scale])
    let scores = builder.node(
      "MatMul", part + "/scores", [scaled, builder.transpose(key, part + "/keys", [0, 1, 3, 2])])
    let weights = builder.node("Softmax", part + "/weights", [scores], [Attribute("axis", -1)])
    let mixed = builder.node("MatMul", part + "/mixed", [weights, content])
    let joined = builder.transpose(mixed, part + "/joined", [0, 2, 1, 3])
    let flat = try builder.reshape(joined, part + "/flat", [0, tokens, width])
    return try builder.linear(flat, part + "/out", from: width, to: width)
  }
}
