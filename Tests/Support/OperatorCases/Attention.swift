import Foundation
import Graphs
import Tensors

extension OperatorCase {
  /// Cases of Attention.
  package static let attention: [OperatorCase] = [
    attention("heads as an axis", batch: 2, heads: 3, shared: 3, queries: 5, keys: 5),
    attention(
      "more keys than queries, own scale", batch: 1, heads: 2, shared: 2, queries: 3, keys: 7, scale: 0.3),
    attention("key heads shared", batch: 2, heads: 4, shared: 2, queries: 3, keys: 4),
    attention("causal", batch: 1, heads: 2, shared: 2, queries: 4, keys: 4, causal: true),
    attention("added mask", batch: 2, heads: 2, shared: 2, queries: 3, keys: 4, mask: [3, 4]),
    attention("one query, one key", batch: 1, heads: 1, shared: 1, queries: 1, keys: 1),
  ]

  private static func attention(
    _ name: String, batch: Int, heads: Int, shared: Int, queries: Int, keys: Int, scale: Float? = nil,
    causal: Bool = false, mask: Shape? = nil
  ) -> OperatorCase {
    let depth = 6
    let valueDepth = 4
    var attributes = [Attribute("is_causal", causal ? 1 : 0)]
    if let scale { attributes.append(Attribute("scale", scale)) }
    return OperatorCase(
      name, "Attention",
      inputs: [
        .normal([batch, heads, queries, depth]), .normal([batch, shared, keys, depth], seed: 2),
        .normal([batch, shared, keys, valueDepth], seed: 3), mask.map { .normal($0, seed: 4) },
      ], attributes: attributes, tolerance: .relativeToLargest(3e-6, reason: "two sums and an exponential"),
      frozenOperands: [3],
      gradientTolerance: .relativeToLargest(2e-5, reason: "four sums of products in a row")
    ) { inputs in
      let factor = scale.map(Double.init) ?? 1 / Double(depth).squareRoot()
      return .make([batch, heads, queries, valueDepth]) { place in
        let (b, h, i, e) = (place[0], place[1], place[2], place[3])
        let g = h / (heads / shared)
        let weights = (0..<keys).map { j -> Double in
          guard !causal || j <= i else { return 0 }
          let product = (0..<depth).reduce(0.0) { $0 + inputs[0]([b, h, i, $1]) * inputs[1]([b, g, j, $1]) }
          return exp(factor * product + (mask == nil ? 0 : inputs[3]([b, h, i, j])))
        }
        let total = weights.reduce(0, +)
        return (0..<keys).reduce(0) { $0 + weights[$1] / total * inputs[2]([b, g, $1, e]) }
      }
    }
  }
}
