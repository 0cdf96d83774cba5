extension OperatorRegistry {
  static let arithmetic: [any Operator.Type] = [
    Abs.self,
    Add.self,
    Ceil.self,
    Cos.self,
    Div.self,
    Exp.self,
    Floor.self,
    Log.self,
    Max.self,
    Min.self,
    Mod.self,
    Mul.self,
    Neg.self,
    Pow.self,
    Reciprocal.self,
    Round.self,
    Sin.self,
    Sqrt.self,
    Sub.self,
  ]
  static let activations: [any Operator.Type] = [
    Clip.self,
    ClipGradient.self,
    Dropout.self,
    Erf.self,
    Gelu.self,
    GeluGradient.self,
    LogSoftmax.self,
    LogSoftmaxGradient.self,
    Relu.self,
    ReluGradient.self,
    Sigmoid.self,
    Softmax.self,
    SoftmaxGradient.self,
    Tanh.self,
    TrainingDropout.self,
  ]
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
    LayerNormalization.self,
    LayerNormalizationGradient.self,
  ]
  static let pooling: [any Operator.Type] = [
    AveragePool.self,
    AveragePoolGradient.self,
    GlobalAveragePool.self,
    MaxPool.self,
    MaxPoolGradient.self,
  ]
  static let reduction: [any Operator.Type] = [
    ReduceL2.self,
    ReduceMax.self,
    ReduceMean.self,
    ReduceMin.self,
    ReduceSum.self,
    ReduceSumSquare.self,
  ]
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
  static let logic: [any Operator.Type] = [
    And.self,
    Equal.self,
    Greater.self,
    GreaterOrEqual.self,
    IsNaN.self,
    Less.self,
    LessOrEqual.self,
    Not.self,
    Or.self,
    Where.self,
    Xor.self,
  ]
  static let constants: [any Operator.Type] = [
    Cast.self,
    CastLike.self,
    Constant.self,
    ConstantOfShape.self,
    Identity.self,
    RangeOperator.self,
    ShapeOf.self,
    Size.self,
  ]
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
  static let training: [any Operator.Type] = [
    Adam.self,
    AdamW.self,
    NegativeLogLikelihoodLoss.self,
    NegativeLogLikelihoodLossGradient.self,
    SoftmaxCrossEntropyLoss.self,
    SoftmaxCrossEntropyLossGradient.self,
  ]
  static let expandables: [any Expandable.Type] = [
    BiasGelu.self,
    If.self,
    SkipLayerNormalization.self,
  ]
}
