extension OperatorRegistry {
  static let arithmetic: [any Operator.Type] = []
  static let activations: [any Operator.Type] = [Relu.self]
  static let linear: [any Operator.Type] = []
  static let normalization: [any Operator.Type] = []
  static let reduction: [any Operator.Type] = []
  static let shaping: [any Operator.Type] = [
    Concat.self,
    Expand.self,
    Flatten.self,
    Pad.self,
    PadGradient.self,
    Reshape.self,
    Slice.self,
    SliceGradient.self,
    Split.self,
    Squeeze.self,
    Tile.self,
    Transpose.self,
    Unsqueeze.self,
  ]
  static let indexing: [any Operator.Type] = []
  static let logic: [any Operator.Type] = []
  static let constants: [any Operator.Type] = []
  static let fused: [any Operator.Type] = [
    DepthwisePair.self,
    DepthwisePairGradient.self,
    FusedAttention.self,
    FusedAttentionGradient.self,
    Linear.self,
    LinearWeightGradient.self,
    TokenDepthwisePair.self,
    TokenDepthwisePairGradient.self,
  ]
}
