import Graphs
import Kernels
import Tensors

/// What both losses over classes have in common: reduction, ignored label, shapes, labels.
struct LossForm: Sendable {
  let reduction: CrossEntropy.Reduction
  let ignored: Int?

  private static let names: [(name: String, reduction: CrossEntropy.Reduction)] = [
    ("mean", .mean), ("none", .none), ("sum", .sum),
  ]

  /// A loss of all labels but one.
  init(_ reduction: CrossEntropy.Reduction, ignoring label: Int? = nil) {
    self.reduction = reduction
    ignored = label
  }

  init(reading node: AttributeReader) throws(OperatorError) {
    let name = try node.text("reduction", oneOf: Self.names.map(\.name))
    reduction = Self.names.first { $0.name == name }?.reduction ?? .mean
    ignored = try node.optionalInt("ignore_index")
  }

  var attributes: [Attribute] {
    Self.names.filter { $0.reduction == reduction }.map { Attribute("reduction", $0.name) }
      + (ignored.map { [Attribute("ignore_index", $0)] } ?? [])
  }

  /// Checks scores [B, C, d…], labels [B, d…] and weights [C]; gives the type of the loss.
  func lossType(_ scores: ValueType, _ labels: ValueType, _ weights: ValueType?) throws(OperatorError)
    -> ValueType
  {
    let shape = scores.shape
    guard scores.elementType.isFloatingPoint else {
      throw .unsupported("scores have element type \(scores.elementType.name), implemented: float, double")
    }
    guard labels.elementType == .int64 || labels.elementType == .int32 else {
      throw .invalid("labels have element type \(labels.elementType.name), expected int64 or int32")
    }
    guard shape.rank >= 2, labels.shape.extents == [shape.extents[0]] + shape.extents[2...] else {
      throw .invalid("labels \(labels.shape) don't fit scores \(shape)")
    }
    if let weights {
      guard weights.elementType == scores.elementType, weights.shape.extents == [shape.extents[1]] else {
        throw .invalid("weights are \(weights), expected \(scores.elementType.name)[\(shape.extents[1])]")
      }
    }
    return ValueType(scores.elementType, reduction == .none ? labels.shape : [])
  }

  /// The kernel for scores of a shape.
  func kernel(_ scores: Shape) -> CrossEntropy {
    // Without scores there may still be any number of images.
    CrossEntropy(
      batch: scores.elementCount == 0 ? 0 : scores.extents[0], classes: scores.extents[1],
      positions: scores.product(2..<scores.rank), reduction: reduction, ignored: ignored)
  }

  /// The labels, each a class or the ignored one.
  func labels(_ view: TensorView, classes: Int, _ options: KernelOptions) throws(OperatorError) -> ClassLabels
  {
    let labels = ClassLabels(view)
    if let wrong = labels.firstOutside(classes: classes, ignored: ignored, options) {
      throw .invalid("label \(wrong) is out of range for \(classes) classes")
    }
    return labels
  }
}
