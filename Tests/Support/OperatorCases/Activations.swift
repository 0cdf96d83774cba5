import Foundation
import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Activations.
  package static let activations: [OperatorCase] =
    pointwiseCases + shapedUnitCases + clipCases + softmaxCases + dropoutCases

  @OperatorCaseList private static var pointwiseCases: [OperatorCase] {
    for shape in [Shape([3, 5]), [], [2, 1, 37]] {
      OperatorCase(
        "normal \(shape)", "Relu", version: 14, inputs: [.normal(shape)], gradient: .kinkAware(at: [0])
      ) { $0[0].map { max($0, 0) } }
      OperatorCase("normal \(shape)", "Erf", version: 13, inputs: [.normal(shape)], tolerance: .ulp(3)) {
        $0[0].map { erf($0) }
      }
      OperatorCase("normal \(shape)", "Tanh", inputs: [.normal(shape, scale: 2)], tolerance: .ulp(3)) {
        $0[0].map { tanh($0) }
      }
      OperatorCase("normal \(shape)", "Sigmoid", inputs: [.normal(shape, scale: 3)], tolerance: .ulp(3)) {
        $0[0].map { 1 / (1 + exp(-$0)) }
      }
      OperatorCase(
        "exact \(shape)", "Gelu", version: 20, inputs: [.normal(shape)],
        tolerance: .relativeToLargest(3e-7, reason: "1 + erf cancels for negative x")
      ) {
        $0[0].map { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) }
      }
      OperatorCase(
        "tanh \(shape)", "Gelu", version: 20, inputs: [.normal(shape)],
        attributes: [Attribute("approximate", "tanh")],
        tolerance: .relativeToLargest(3e-7, reason: "1 + tanh cancels for negative x")
      ) {
        $0[0].map { $0 / (1 + exp(-2 * (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
      }
      OperatorCase(
        "exact \(shape)", OperatorName("GeluGradient", domain: "dka.gradient"), version: 1,
        inputs: [.normal(shape), .normal(shape, seed: 2)],
        tolerance: .relativeToLargest(5e-7, reason: "1 + erf cancels for negative x"),
        gradient: .none("second derivatives are not needed")
      ) {
        [
          $0[0].zip($0[1]) {
            $1
              * (0.5 * erfc(-$0 / 2.0.squareRoot()) + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot())
          }
        ]
      }
    }
    OperatorCase("integers", "Relu", version: 14, inputs: [.integers([3, -4, 0], nil, .int32)]) { _ in
      .integers([3, 0, 0], nil, .int32)
    }
    OperatorCase(
      "far tails", "Sigmoid", inputs: [.of([-200, 200])], gradient: .none("flat"), runsInFloat64: false
    ) { _ in .of([0, 1]) }
  }

  @OperatorCaseList private static var shapedUnitCases: [OperatorCase] {
    for shape in [Shape([3, 5]), [], [2, 1, 37]] {
      OperatorCase(
        "normal \(shape)", "LeakyRelu", inputs: [.normal(shape)],
        attributes: [Attribute("alpha", Float(0.125))],
        gradient: .kinkAware(at: [0])
      ) { $0[0].map { $0 < 0 ? 0.125 * $0 : $0 } }
      OperatorCase(
        "normal \(shape)", "Elu", inputs: [.normal(shape)], attributes: [Attribute("alpha", Float(1.5))],
        tolerance: .ulp(3), gradient: .kinkAware(at: [0])
      ) { $0[0].map { $0 < 0 ? 1.5 * expm1($0) : $0 } }
      OperatorCase("normal \(shape)", "Softplus", inputs: [.normal(shape, scale: 3)], tolerance: .ulp(3)) {
        $0[0].map { log1p(exp($0)) }
      }
      OperatorCase(
        "normal \(shape)", "HardSigmoid", inputs: [.normal(shape, scale: 3)],
        attributes: [Attribute("alpha", Float(0.25)), Attribute("beta", Float(0.375))],
        tolerance: .relativeToLargest(1e-7, reason: "a product and a sum"),
        gradient: .kinkAware(at: [-1.5, 2.5])
      ) { $0[0].map { min(max(0.25 * $0 + 0.375, 0), 1) } }
      OperatorCase(
        "normal \(shape)", "HardSwish", inputs: [.normal(shape, scale: 3)],
        tolerance: .relativeToLargest(3e-7, reason: "two products and a sum"),
        gradient: .kinkAware(at: [-3, 3])
      ) { $0[0].map { $0 * min(max($0 / 6 + 0.5, 0), 1) } }
    }
    OperatorCase(
      "far tails", "Softplus", inputs: [.of([-200, 200, 1e4])], gradient: .none("flat"), runsInFloat64: false
    ) {
      _ in .of([0, 200, 1e4])
    }
    OperatorCase("NaN", "HardSwish", inputs: [.of([.nan, 4])], gradient: .none("NaN")) { _ in .of([.nan, 4]) }
    for type in ["LeakyRelu", "Elu", "Softplus", "HardSigmoid"] {
      OperatorCase("NaN", type, inputs: [.of([.nan])], gradient: .none("NaN")) { _ in .of([.nan]) }
    }
  }

  private static func limited(_ low: Double, _ high: Double)
    -> @Sendable ([ReferenceTensor]) -> ReferenceTensor
  {
    { $0[0].map { $0.isNaN ? $0 : min(max($0, low), high) } }
  }

  @OperatorCaseList private static var clipCases: [OperatorCase] {
    OperatorCase(
      "attributes", "Clip", version: 6, inputs: [.normal([3, 5])],
      attributes: [Attribute("min", Float(-0.5)), Attribute("max", Float(0.75))],
      gradient: .kinkAware(at: [-0.5, 0.75]), result: limited(-0.5, 0.75))
    OperatorCase(
      "one attribute", "Clip", version: 10, inputs: [.of([-1, 0.5, 3, .nan])],
      attributes: [Attribute("max", Float(1))], gradient: .none("NaN"), result: limited(-.infinity, 1))
    OperatorCase(
      "both bounds", "Clip", version: 11, inputs: [.normal([4, 5]), .scalar(-0.25), .scalar(0.5)],
      gradient: .kinkAware(at: []), result: limited(-0.25, 0.5))
    OperatorCase(
      "upper bound", "Clip", inputs: [.normal([4, 5]), nil, .scalar(0.5)], gradient: .kinkAware(at: []),
      result: limited(-.infinity, 0.5))
    OperatorCase(
      "lower bound", "Clip", inputs: [.normal([4, 5]), .scalar(0)], gradient: .kinkAware(at: []),
      result: limited(0, .infinity))
    OperatorCase("crossed bounds", "Clip", inputs: [.normal([4, 5]), .scalar(1), .scalar(-1)]) {
      $0[0].map { _ in -1 }
    }
    OperatorCase(
      "integers", "Clip", inputs: [.integers([-3, 2, 9]), .integers([0], []), .integers([5], [])]
    ) { _ in .integers([0, 2, 5]) }
    OperatorCase("no bound", "Clip", inputs: [.normal([3])]) { $0[0] }
    OperatorCase(
      "bounds of one element", "Clip", inputs: [.of([-0.75], []), .of([-0.25]), .of([0.5])],
      gradient: .kinkAware(at: []), result: limited(-0.25, 0.5))
    OperatorCase(
      "NaN among the elements", "Clip", inputs: [.of([.nan, -3, 3]), .scalar(-1), .scalar(2)],
      gradient: .none("NaN"), result: limited(-1, 2))
    OperatorCase(
      "a bound that is NaN", "Clip", inputs: [.of([1, -3, .infinity]), .scalar(-1), .scalar(.nan)],
      gradient: .none("NaN")
    ) { $0[0].map { _ in .nan } }
    for (name, low, high) in [("both bounds", -0.25, 0.5), ("crossed bounds", 0.5, -0.25)] {
      OperatorCase(
        name, OperatorName("ClipGradient", domain: "dka.gradient"), version: 1,
        inputs: [.normal([3, 19]), .normal([3, 19], seed: 2), .scalar(low), .of([high])],
        gradient: .none("second derivatives are not needed")
      ) { [$0[0].zip($0[1]) { $0 >= low && $0 <= high ? $1 : 0 }] }
    }
    OperatorCase(
      "elements on a bound, beyond it and NaN", OperatorName("ClipGradient", domain: "dka.gradient"),
      version: 1, inputs: [.of([-1, 2, 2.5, .nan]), .of([3, 4, 5, 6]), .scalar(-1), .scalar(2)],
      gradient: .none("second derivatives are not needed")
    ) { _ in [.of([3, 4, 0, 0])] }
    OperatorCase(
      "of many elements", OperatorName("ReluGradient", domain: "dka.gradient"), version: 1,
      inputs: [.normal([3, 19]), .normal([3, 19], seed: 2)],
      gradient: .none("second derivatives are not needed")
    ) { [$0[0].zip($0[1]) { $0 > 0 ? $1 : 0 }] }
    OperatorCase(
      "zeros, the smallest positive number, infinity and NaN",
      OperatorName("ReluGradient", domain: "dka.gradient"), version: 1,
      inputs: [
        .of([0, -0.0, Double(Float.leastNonzeroMagnitude), .infinity, .nan, -1]), .of([3, 4, 5, 6, 7, 8]),
      ], gradient: .none("second derivatives are not needed")
    ) { _ in [.of([0, 0, 5, 6, 0, 0])] }
    OperatorCase(
      "upper bound", OperatorName("ClipGradient", domain: "dka.gradient"), version: 1,
      inputs: [.normal([5]), .normal([5], seed: 2), nil, .scalar(0)],
      gradient: .none("second derivatives are not needed")
    ) { [$0[0].zip($0[1]) { $0 <= 0 ? $1 : 0 }] }
  }

  private static func softmax(_ axes: [Int], isLogarithm: Bool = false)
    -> @Sendable ([ReferenceTensor]) -> ReferenceTensor
  {
    { inputs in
      let largest = inputs[0].reduce(axes) { $0.max() ?? 0 }
      let powers = inputs[0].zip(largest) { exp($0 - $1) }
      let sums = powers.reduce(axes) { $0.reduce(0, +) }
      guard isLogarithm else { return powers.zip(sums) { $0 / $1 } }
      return inputs[0].zip(largest) { $0 - $1 }.zip(sums) { $0 - log($1) }
    }
  }

  private static let softmaxTolerance = Tolerance.relativeToLargest(
    1e-6, reason: "a sum of rounded exponentials")

  private static let softmaxAxes: [(version: Int, axis: Int?, axes: [Int])] = [
    (13, nil, [-1]), (13, 0, [0]), (24, 1, [1]), (24, -3, [0]), (11, nil, [1, 2]), (7, 2, [2]),
    (11, 0, [0, 1, 2]), (11, -1, [2]),
  ]

  @OperatorCaseList private static var softmaxCases: [OperatorCase] {
    for (version, axis, axes) in softmaxAxes {
      let attributes = axis.map { [Attribute("axis", $0)] } ?? []
      let name = "axis \(axis.map(String.init) ?? "default")"
      OperatorCase(
        name, "Softmax", version: version, inputs: [.normal([3, 4, 5], scale: 2)], attributes: attributes,
        tolerance: softmaxTolerance, result: softmax(axes))
      OperatorCase(
        name, "LogSoftmax", version: version, inputs: [.normal([3, 4, 5], scale: 2)],
        attributes: attributes, tolerance: softmaxTolerance, result: softmax(axes, isLogarithm: true))
    }
    OperatorCase(
      "large numbers", "Softmax", inputs: [.of([0, 1, 10000, 10001], [2, 2])], tolerance: softmaxTolerance,
      result: softmax([-1]))
    OperatorCase(
      "large numbers", "LogSoftmax", inputs: [.of([0, 1, 10000, 10001], [2, 2])],
      tolerance: .relativeToLargest(1e-6, reason: "one exponential and one logarithm"),
      result: softmax([-1], isLogarithm: true))
    OperatorCase("one class", "Softmax", inputs: [.normal([3, 1])], tolerance: softmaxTolerance) {
      $0[0].map { _ in 1 }
    }
    OperatorCase(
      "masked", "Softmax", inputs: [.of([0, -.infinity, 0, -.infinity])],
      gradient: .none("infinite operands")
    ) { _ in .of([0.5, 0, 0.5, 0]) }
    OperatorCase(
      "inner axis", OperatorName("SoftmaxGradient", domain: "dka.gradient"), version: 1,
      inputs: [.uniform([2, 3, 4], in: 0...1), .normal([2, 3, 4])],
      attributes: [Attribute("layout", [2, 3, 4])], tolerance: softmaxTolerance,
      gradient: .none("second derivatives are not needed")
    ) {
      let sums = $0[0].zip($0[1]) { $0 * $1 }.reduce([1]) { $0.reduce(0, +) }
      return [$0[0].zip($0[1].zip(sums) { $0 - $1 }) { $0 * $1 }]
    }
    OperatorCase(
      "inner axis", OperatorName("LogSoftmaxGradient", domain: "dka.gradient"), version: 1,
      inputs: [.uniform([2, 3, 4], in: -3...0), .normal([2, 3, 4])],
      attributes: [Attribute("layout", [2, 3, 4])], tolerance: softmaxTolerance,
      gradient: .none("second derivatives are not needed")
    ) {
      let sums = $0[1].reduce([1]) { $0.reduce(0, +) }
      return [$0[1].zip($0[0].zip(sums) { exp($0) * $1 }) { $0 - $1 }]
    }
  }

  @OperatorCaseList private static var dropoutCases: [OperatorCase] {
    OperatorCase(
      "inference with mask", OperatorName("Dropout"), version: 13, inputs: [.normal([3, 5]), .scalar(0.3)],
      outputCount: 2, gradient: .none("the ratio has none")
    ) { [$0[0], $0[0].map(.bool) { _ in 1 }] }
    OperatorCase(
      "attribute", OperatorName("Dropout"), version: 10, inputs: [.normal([3, 5])],
      attributes: [Attribute("ratio", Float(0.3))], outputCount: 2
    ) { [$0[0], $0[0].map(.bool) { _ in 1 }] }
    OperatorCase(
      "mask of numbers", OperatorName("Dropout"), version: 7, inputs: [.normal([3, 5])], outputCount: 2
    ) { [$0[0], $0[0].map { _ in 1 }] }
    OperatorCase(
      "inference, no ratio", "Dropout", version: 12, inputs: [.normal([2, 3]), nil, .booleans([false], [])]
    ) { $0[0] }
    OperatorCase(
      "training with ratio 0", OperatorName("Dropout"), version: 13,
      inputs: [.normal([2, 3]), .scalar(0), .booleans([true], [])], outputCount: 2,
      gradient: .none("the ratio has none")
    ) { [$0[0], $0[0].map(.bool) { _ in 1 }] }
    OperatorCase(
      "ratio 0", OperatorName("Dropout", domain: "dka.training"), version: 1,
      inputs: [.normal([2, 3]), .integers([5], [])], attributes: [Attribute("ratio", Float(0))]
    ) { [$0[0]] }
    OperatorCase(
      "half", OperatorName("Dropout", domain: "dka.training"), version: 1,
      inputs: [.normal([7, 9]), .integers([5], [])],
      attributes: [Attribute("ratio", Float(0.5)), Attribute("stream", 3)]
    ) { inputs in
      // The n-th number of key (seed, stream) decides on element n.
      var random = Random(5, 3)
      return [inputs[0].map { value in random.uniform() >= 0.5 ? 2 * value : 0 }]
    }
  }
}
