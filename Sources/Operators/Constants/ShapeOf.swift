import Graphs
import Kernels
import Tensors

/// Shape (ai.onnx 1…): the extents of an operand, from version 15 on only those of axes `start` ..< `end`.
///
/// Shapes: data any → [n] of int64. Source: onnx/docs/Operators.md#Shape.
struct ShapeOf: DecidedByTypes {
  static let schema = OperatorSchema("Shape", versions: 1..., inputs: ["data"], outputs: ["shape"])

  let start: Int
  let end: Int?

  init(reading node: AttributeReader) throws(OperatorError) {
    start = try node.int("start", default: 0)
    end = try node.optionalInt("end")
  }

  var attributes: [Attribute] {
    [Attribute("start", start)] + (end.map { [Attribute("end", $0)] } ?? [])
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [ValueType(.int64, Shape([axes(inputs[0].shape.rank).count]))]
  }

  func valuesDecidedByTypes(_ inputs: InputTypes) -> [Int] {
    let shape = inputs[0].shape
    return axes(shape.rank).map { shape.extents[$0] }
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let extents = valuesDecidedByTypes(inputs)
    return BoundKernel(inputs, .movement) { operands in Sequences.write(extents, into: operands.output(0)) }
  }

  /// The axes that are asked for, both ends brought into 0 … rank.
  private func axes(_ rank: Int) -> Range<Int> {
    func position(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
    let first = position(start)
    return first..<max(first, position(end ?? rank))
  }
}
