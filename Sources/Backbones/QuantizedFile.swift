import Graphs
import Operators

/// Files that hold integers in the place of weights: they are made to be run, and there is nothing in them to train.
enum QuantizedFile {
  private static let standard: Set = [
    "ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
  ]
  private static let runtime: Set = [
    "DequantizeBFP", "DequantizeLinear", "DequantizeWithOrder", "DynamicQuantizeLSTM",
    "DynamicQuantizeMatMul",
    "GatherBlockQuantized", "MatMulBnb4", "MatMulFpQ4", "MatMulInteger16", "MatMulIntegerToFloat",
    "MatMulNBits",
    "QAttention", "QEmbedLayerNormalization", "QGemm", "QMoE", "QuantizeBFP", "QuantizeLinear",
    "QuantizeWithOrder",
  ]

  /// Refuses a model with operators on such integers that are not implemented, and lists them.
  static func refuse(_ model: ModelDescription, _ registry: OperatorRegistry) throws(BackboneError) {
    let uses = model.uses { name in
      isQuantized(name) && registry[name] == nil && !registry.expands(name)
    }
    guard !uses.isEmpty else { return }
    throw .quantized(uses)
  }

  private static func isQuantized(_ name: OperatorName) -> Bool {
    switch name.domain {
    case "": standard.contains(name.type)
    case "com.microsoft":
      runtime.contains(name.type) || name.type.hasPrefix("QLinear") || name.type.hasPrefix("QOrdered")
    default: false
    }
  }
}
