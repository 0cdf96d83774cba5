import Graphs
import Kernels
import Tensors

/// NonMaxSuppression (ai.onnx 10…): boxes that no better one of their class covers.
///
/// How many there are decides the shape, so all operands must be known before the model runs. Shapes: boxes [B, n, 4], scores
/// [B, C, n], three numbers → [count, 3]: image, class and box, best first within a class.
/// Source: onnx/docs/Operators.md#NonMaxSuppression.
struct NonMaxSuppression: ShapeDeciding {
  static let schema = OperatorSchema(
    "NonMaxSuppression", versions: 10...,
    inputs: ["boxes", "scores", "max_output_boxes_per_class?", "iou_threshold?", "score_threshold?"],
    outputs: ["selected_indices"])

  let areCentred: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    areCentred = try node.flag("center_point_box", default: false)
  }

  var attributes: [Attribute] { [Attribute("center_point_box", areCentred ? 1 : 0)] }

  var shapeInputs: [Int] { [0, 1, 2, 3, 4] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let (boxes, scores) = (inputs[0].shape, inputs[1].shape)
    guard boxes.rank == 3, scores.rank == 3, boxes[2] == 4, boxes[0] == scores[0], boxes[1] == scores[2]
    else {
      throw .invalid("boxes \(boxes) and scores \(scores), expected [B, n, 4] and [B, C, n]")
    }
    // Every box is compared with every one that was chosen.
    guard boxes[1] < 1 << 16 else {
      throw .unsupported("\(boxes[1]) boxes in an image, implemented: below \(1 << 16)")
    }
    return [ValueType(.int64, Shape([try chosen(inputs).count / 3, 3]))]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let chosen = try chosen(inputs)
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      Sequences.write(chosen, into: operands.output(0))
    }
  }

  /// Image, class and box of each that is chosen, one after the other.
  private func chosen(_ inputs: InputTypes) throws(OperatorError) -> [Int] {
    guard let boxes = try inputs.constant(0)?.doubles, let scores = try inputs.constant(1)?.doubles else {
      throw .unsupported("boxes and scores are \(inputs[0]) and \(inputs[1]), implemented: float, double")
    }
    let limit = try inputs.integers(2)?.first ?? 0
    let overlap = try inputs.constant(3)?.doubles?.first ?? 0
    let threshold = try inputs.constant(4)?.doubles?.first
    let (classes, count) = (inputs[1].shape[1], inputs[1].shape[2])
    var chosen: [Int] = []
    for image in 0..<inputs[1].shape[0] {
      for member in 0..<classes {
        let first = (image * classes + member) * count
        let numbers = Selection.nonOverlapping(
          boxes: boxes[(image * count * 4)..<((image + 1) * count * 4)],
          scores: scores[first..<(first + count)], areCentred: areCentred, limit: limit, overlap: overlap,
          threshold: threshold)
        for number in numbers { chosen += [image, member, number] }
      }
    }
    return chosen
  }
}
