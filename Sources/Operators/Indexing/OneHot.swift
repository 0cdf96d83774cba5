import Graphs
import Kernels
import Tensors

/// OneHot (ai.onnx 9…): `on` where the position along a new axis equals the index, else `off`.
///
///     y[a…, c, b…] = on where c = indices[a…, b…], else off
///
/// Indices below zero count from the end; those out of range give `off` everywhere. Indices may be of a floating-point type.
/// Shapes: indices [a…, b…], depth one number, values [2] = (off, on) → [a…, depth, b…].
/// Source: onnx/docs/Operators.md#OneHot.
struct OneHot: ShapeDeciding {
  static let schema = OperatorSchema(
    "OneHot", versions: 9..., inputs: ["indices", "depth", "values"], outputs: ["output"])

  let axis: Int

  init(axis: Int) { self.axis = axis }

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: -1)
  }

  var attributes: [Attribute] { [Attribute("axis", axis)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.int64, .int32, .float32, .float64])
    guard inputs[2].shape.extents == [2] else {
      throw .invalid("input 2 (values) has shape \(inputs[2].shape), expected [2]")
    }
    let depth = try depth(inputs)
    var extents = inputs[0].shape.extents
    let place = axis < 0 ? axis + extents.count + 1 : axis
    guard place >= 0, place <= extents.count else {
      throw .invalid("attribute 'axis' is \(axis), out of range for \(inputs[0].shape)")
    }
    extents.insert(depth, at: place)
    guard let shape = Shape(checking: extents) else {
      throw .invalid("result of extents \(extents) is too large")
    }
    return [ValueType(inputs[2].elementType, shape)]
  }

  var shapeInputs: [Int] { [1] }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let shape = inputs[0].shape
    let place = axis < 0 ? axis + shape.rank + 1 : axis
    let depth = try depth(inputs)
    let inner = shape.product(place..<shape.rank)
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      let target = operands.output(0)
      let indices = operands[0].tensor
      let (off, on) = (operands[2].element(0), operands[2].element(1))
      DataMovement.fill(target, with: off)
      var starts: [Int] = []
      let positions =
        indices.integers ?? (indices.doubles ?? []).map { Int(exactly: $0.rounded(.down)) ?? .min }
      for (index, given) in positions.enumerated() where given >= -depth && given < depth {
        let position = given < 0 ? given + depth : given
        starts.append((index / inner * depth + position) * inner + index % inner)
      }
      for start in starts { DataMovement.fill(target.element(start), with: on) }
    }
  }

  private func depth(_ inputs: InputTypes) throws(OperatorError) -> Int {
    guard let tensor = try inputs.constant(1), tensor.shape.elementCount == 1 else {
      throw .invalid("input 1 (depth) is not one number")
    }
    let depth = tensor.integers?.first ?? tensor.doubles?.first.flatMap { Int(exactly: $0) }
    guard let depth, depth > 0 else { throw .invalid("input 1 (depth) is no positive number") }
    return depth
  }
}

extension TensorView {
  /// A scalar view of one element.
  fileprivate func element(_ index: Int) -> TensorView {
    let width = elementType.byteCount(of: 1) ?? 0
    return TensorView(
      elementType: elementType, shape: [], storage: storage, byteOffset: byteOffset + index * width)
  }
}
