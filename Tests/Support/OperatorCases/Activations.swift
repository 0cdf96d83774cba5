import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Activations.
  package static let activations: [OperatorCase] = [
    OperatorCase(
      "positive part", "Relu", version: 14, inputs: [.normal([3, 5])], gradient: .kinkAware(at: [0])
    ) { $0[0].map { max($0, 0) } }
  ]
}
