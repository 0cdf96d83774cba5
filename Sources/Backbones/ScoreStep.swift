import Graphs
import Tensors

/// A computation between a classifier and the output: it changes the scores without knowing more of the image.
///
/// Softmax, LogSoftmax, Sigmoid, also Softmax in single steps; a factor or a summand; division by the length.
struct ScoreStep {
  /// The value that it starts from.
  let source: String
  /// Whether logits stay logits: false behind Softmax, Sigmoid, and for vectors of unit length.
  let keepsLogits: Bool
  /// Whether it multiplies by a number.
  let isScaling: Bool

  /// The step whose result a value is, or nil where another computation makes it.
  init?(behind value: String, in view: GraphView) {
    guard let index = view.producer(value), view.nodes[index].operatorName.domain.isEmpty else { return nil }
    let node = view.nodes[index]
    let type = node.operatorName.type
    guard let first = node.inputs.first else { return nil }
    switch type {
    case "Softmax", "LogSoftmax", "Sigmoid", "LpNormalization", "Log", "Exp":
      (source, keepsLogits, isScaling) = (first, false, false)
    case "Mul", "Div", "Add", "Sub":
      guard node.inputs.count == 2 else { return nil }
      let data = node.inputs.filter { view.isData($0) }
      if data.count == 1, type == "Mul" || type == "Add" || data[0] == first,
        let number = node.inputs.first(where: { $0 != data[0] }), view.shape(number)?.elementCount == 1
      {
        (source, keepsLogits, isScaling) = (data[0], true, type == "Mul" || type == "Div")
        return
      }
      guard data.count == 2 else { return nil }
      let isReduced =
        switch type {
        case "Div": view.reduces(node.inputs[1], first, by: Self.lengths)
        case "Sub": view.reduces(node.inputs[1], first, by: ["ReduceMax"])
        default: false
        }
      guard isReduced else { return nil }
      (source, keepsLogits, isScaling) = (first, false, false)
    default: return nil
    }
  }

  /// Reductions that a vector's length, or the sum of a Softmax, is made of; a mean belongs to a normalisation.
  private static let lengths: Set<String> = ["ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceSum"]
}

extension GraphView {
  private static let elementwise: Set<String> = [
    "Expand", "Clip", "Max", "Add", "Sqrt", "Pow", "Mul", "Abs", "Reciprocal",
  ]

  /// Whether a value is computed from another one by one of some reductions and elementwise nodes alone.
  fileprivate func reduces(_ value: String, _ source: String, by reductions: Set<String>) -> Bool {
    var pending = [value]
    var seen: Set<String> = []
    var isReduced = false
    while let current = pending.popLast() {
      guard current != source, seen.insert(current).inserted else { continue }
      guard let index = producer(current), nodes[index].operatorName.domain.isEmpty, seen.count < 32 else {
        return false
      }
      let node = nodes[index]
      let isReduction = reductions.contains(node.operatorName.type)
      guard isReduction || isRearranging(index) || Self.elementwise.contains(node.operatorName.type) else {
        return false
      }
      isReduced = isReduced || isReduction
      pending += dataInputs(node)
    }
    return isReduced
  }
}
