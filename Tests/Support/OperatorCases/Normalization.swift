import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Normalization.
  package static let normalization: [OperatorCase] = [
    layerNorm("last axis", [2, 3, 5], axis: -1),
    layerNorm("last axis, longer than eight lanes", [3, 37], axis: 1),
    layerNorm("two axes, no bias", [2, 3, 4], axis: 1, bias: false),
    layerNorm("one element per row", [4, 1], axis: -1),
    OperatorCase(
      "with statistics", OperatorName("LayerNormalization"),
      inputs: [.normal([3, 6], mean: 2), .normal([6], seed: 2), .normal([6], seed: 3)], outputCount: 3,
      tolerance: .relativeToLargest(2e-6, reason: "two sums per row")
    ) { inputs in
      let mean = inputs[0].reduce([1]) { $0.reduce(0, +) / 6 }
      let variance = inputs[0].zip(mean) { ($0 - $1) * ($0 - $1) }.reduce([1]) { $0.reduce(0, +) / 6 }
      let rstd = variance.map { 1 / ($0 + Double(Float(1e-5))).squareRoot() }
      let normalized = inputs[0].zip(mean) { $0 - $1 }.zip(rstd) { $0 * $1 }
      return [normalized.zip(inputs[1]) { $0 * $1 }.zip(inputs[2]) { $0 + $1 }, mean, rstd]
    },
    OperatorCase(
      "stored statistics", "BatchNormalization",
      inputs: [
        .normal([2, 3, 4, 5]), .normal([3], seed: 2), .normal([3], seed: 3), .normal([3], seed: 4),
        .uniform([3], in: 0.5...2, seed: 5),
      ], tolerance: .relativeToLargest(1e-6, reason: "four operations"),
      gradient: .none("statistics have no gradient; the others are checked in their own test")
    ) { inputs in
      .make([2, 3, 4, 5]) { place in
        let c = [place[1]]
        return (inputs[0](place) - inputs[3](c)) / (inputs[4](c) + Double(Float(1e-5))).squareRoot()
          * inputs[1](c)
          + inputs[2](c)
      }
    },
  ]

  private static func layerNorm(_ name: String, _ shape: Shape, axis: Int, bias: Bool = true) -> OperatorCase
  {
    let first = axis < 0 ? axis + shape.rank : axis
    let inner = Shape(Array(shape.extents[first...]))
    let count = Double(inner.elementCount)
    return OperatorCase(
      name, "LayerNormalization",
      inputs: [.normal(shape, mean: 1), .normal(inner, seed: 2), bias ? .normal(inner, seed: 3) : nil],
      attributes: [Attribute("axis", axis), Attribute("epsilon", Float(1e-3))],
      tolerance: .relativeToLargest(2e-6, reason: "two sums per row"),
      gradientTolerance: .relativeToLargest(2e-5, reason: "differences of nearly equal numbers")
    ) { inputs in
      let axes = Array(first..<shape.rank)
      let mean = inputs[0].reduce(axes) { $0.reduce(0, +) / count }
      let centred = inputs[0].zip(mean) { $0 - $1 }
      let variance = centred.map { $0 * $0 }.reduce(axes) { $0.reduce(0, +) / count }
      let normalized = centred.zip(variance) { $0 / ($1 + Double(Float(1e-3))).squareRoot() }
      let scaled = normalized.zip(inputs[1]) { $0 * $1 }
      return bias ? scaled.zip(inputs[2]) { $0 + $1 } : scaled
    }
  }
}
