extension OperatorRegistry {
  static let arithmetic: [any Operator.Type] = []
  static let activations: [any Operator.Type] = [Relu.self]
  static let linear: [any Operator.Type] = [
    Attention.self,
    AttentionGradient.self,
    Conv.self,
    ConvInputGradient.self,
    ConvWeightGradient.self,
    Einsum.self,
    Gemm.self,
    MatMul.self,
    TransposedMatMul.self,
  ]
  static let normalization: [any Operator.Type] = [
    BatchNormalization.self,
    GlobalAveragePool.self,
    LayerNormalization.self,
    LayerNormalizationGradient.self,
  ]
  static let reduction: [any Operator.Type] = []
  static let shaping: [any Operator.Type] = [
    Concat.self,
    Expand.self,
    Flatten.self,
    Pad.self,
    PadGradient.self,
    Reshape.self,
    Resize.self,
    ResizeGradient.self,
    Slice.self,
    SliceGradient.self,
    Split.self,
    Squeeze.self,
    Tile.self,
    Transpose.self,
    Unsqueeze.self,
  ]
  static let indexing: [any Operator.Type] = [
    Gather.self,
    GatherElements.self,
    GatherGradient.self,
    GatherND.self,
    OneHot.self,
    ScatterElements.self,
    ScatterND.self,
  ]
  static let logic: [any Operator.Type] = []
  static let constants: [any Operator.Type] = []
  static let training: [any Operator.Type] = [
    Adam.self,
    AdamW.self,
    NegativeLogLikelihoodLoss.self,
    NegativeLogLikelihoodLossGradient.self,
    SoftmaxCrossEntropyLoss.self,
    SoftmaxCrossEntropyLossGradient.self,
  ]
}
