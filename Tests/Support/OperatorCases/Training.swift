import Foundation
import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Training.
  package static let training: [OperatorCase] = losses + optimizers

  private static let losses: [OperatorCase] = ["mean", "sum", "none"].flatMap { reduction in
    [
      loss("plain, \(reduction)", "SoftmaxCrossEntropyLoss", [4, 5], reduction),
      loss(
        "over positions, one ignored, \(reduction)", "SoftmaxCrossEntropyLoss", [2, 3, 4], reduction,
        ignored: 1),
      loss("plain, \(reduction)", "NegativeLogLikelihoodLoss", [4, 5], reduction),
      loss(
        "over positions, ignored −1, \(reduction)", "NegativeLogLikelihoodLoss", [2, 3, 4], reduction,
        ignored: -1),
    ]
  }

  private static func loss(
    _ name: String, _ type: String, _ shape: Shape, _ reduction: String, ignored: Int? = nil
  ) -> OperatorCase {
    let places = Shape([shape[0]] + shape.extents[2...])
    let labels = (0..<places.elementCount).map { $0 == 2 ? ignored ?? 0 : $0 * 7 % shape[1] }
    let attributes =
      [Attribute("reduction", reduction)] + (ignored.map { [Attribute("ignore_index", $0)] } ?? [])
    return OperatorCase(
      name, type, inputs: [.normal(shape), .integers(labels, places)], attributes: attributes,
      tolerance: .relativeToLargest(1e-6, reason: "a sum and a logarithm")
    ) { inputs in
      let losses = ReferenceTensor.coordinates(of: places).enumerated().map { index, place -> Double in
        guard labels[index] != ignored else { return 0 }
        let scores = (0..<shape[1]).map { inputs[0]([place[0], $0] + place.dropFirst()) }
        let score = scores[labels[index]]
        guard type == "SoftmaxCrossEntropyLoss" else { return -score }
        return log(scores.reduce(0) { $0 + exp($1) }) - score
      }
      let sum = losses.reduce(0, +)
      switch reduction {
      case "none": return .of(losses, places)
      case "sum": return .scalar(sum)
      default: return .scalar(sum / Double(labels.count { $0 != ignored }))
      }
    }
  }

  /// Numbers of three steps of one element, by the published formulas in Double.
  private static let optimizers: [OperatorCase] = [
    OperatorCase(
      "two tensors with decay before and after",
      OperatorName("Adam", domain: "ai.onnx.preview.training"), version: 1,
      inputs: [
        .scalar(Double(Float(0.1))), .integers([3], []), .normal([2, 3]), .normal([4], seed: 2),
        .normal([2, 3], seed: 3),
        .normal([4], seed: 4), .normal([2, 3], seed: 5), .normal([4], seed: 6), .uniform([2, 3], in: 0...1),
        .uniform([4], in: 0...1),
      ],
      attributes: [
        Attribute("alpha", Float(0.875)), Attribute("beta", Float(0.75)), Attribute("epsilon", Float(0.0625)),
        Attribute("norm_coefficient", Float(0.125)), Attribute("norm_coefficient_post", Float(0.5)),
      ], outputCount: 6, tolerance: .relativeToLargest(1e-6, reason: "a dozen operations"),
      gradient: .none("a step has no gradient")
    ) { inputs in
      let rate = Double(Float(0.1)) * (1 - pow(0.75, 3)).squareRoot() / (1 - pow(0.875, 3))
      return step(inputs, alpha: 0.875, beta: 0.75, coupled: 0.125) { x, v, h in
        0.5 * (x - rate * v / (h.squareRoot() + 0.0625))
      }
    },
    OperatorCase(
      "decoupled decay", OperatorName("AdamW", domain: "dka.training"), version: 1, inputs: stepInputs,
      attributes: [Attribute("weight_decay", Float(0.25)), Attribute("epsilon", Float(0.01))], outputCount: 3,
      tolerance: .relativeToLargest(1e-6, reason: "a dozen operations"),
      gradient: .none("a step has no gradient")
    ) { inputs in
      let rate = Double(Float(0.1))
      return step(inputs, alpha: 0.9, beta: 0.999, coupled: 0) { x, v, h in
        let root = h.squareRoot() / (1 - pow(0.999, 2)).squareRoot() + 0.01
        return x * (1 - rate * 0.25) - rate / (1 - pow(0.9, 2)) * v / root
      }
    },
    OperatorCase(
      "decay as part of the gradient", OperatorName("AdamW", domain: "dka.training"), version: 1,
      inputs: stepInputs,
      attributes: [Attribute("weight_decay", Float(0.25)), Attribute("decoupled", 0)], outputCount: 3,
      tolerance: .relativeToLargest(1e-6, reason: "a dozen operations"),
      gradient: .none("a step has no gradient")
    ) { inputs in
      step(inputs, alpha: 0.9, beta: 0.999, coupled: 0.25) { x, v, h in
        let root = h.squareRoot() / (1 - pow(0.999, 2)).squareRoot() + 1e-8
        return x - Double(Float(0.1)) / (1 - pow(0.9, 2)) * v / root
      }
    },
  ]

  private static let stepInputs: [ReferenceTensor?] = [
    .scalar(Double(Float(0.1))), .integers([2], []), .normal([5]), .normal([5], seed: 2),
    .normal([5], seed: 3),
    .uniform([5], in: 0...1),
  ]

  /// Moments by their recurrences, parameters by `update`.
  private static func step(
    _ inputs: [ReferenceTensor], alpha: Double, beta: Double, coupled: Double,
    _ update: (Double, Double, Double) -> Double
  ) -> [ReferenceTensor] {
    let count = (inputs.count - 2) / 4
    var results = [[ReferenceTensor]](repeating: [], count: 3)
    for index in 0..<count {
      let x = inputs[2 + index]
      let g = inputs[2 + count + index].zip(x) { $0 + coupled * $1 }
      let v = inputs[2 + 2 * count + index].zip(g) { alpha * $0 + (1 - alpha) * $1 }
      let h = inputs[2 + 3 * count + index].zip(g) { beta * $0 + (1 - beta) * $1 * $1 }
      let values = x.values.indices.map { update(x.values[$0], v.values[$0], h.values[$0]) }
      results[0].append(ReferenceTensor(values, x.shape))
      results[1].append(v)
      results[2].append(h)
    }
    return results.flatMap { $0 }
  }
}
