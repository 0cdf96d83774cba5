extension OperatorRegistry {
  static let arithmetic: [any Operator.Type] = []
  static let activations: [any Operator.Type] = [Relu.self]
  static let linear: [any Operator.Type] = []
  static let normalization: [any Operator.Type] = []
  static let reduction: [any Operator.Type] = []
  static let shaping: [any Operator.Type] = [Reshape.self]
  static let indexing: [any Operator.Type] = []
  static let logic: [any Operator.Type] = []
  static let constants: [any Operator.Type] = []
}
