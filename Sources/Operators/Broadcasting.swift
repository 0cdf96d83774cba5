package import Tensors

extension ElementType {
  /// The types that arithmetic and comparisons are implemented for.
  package static let numbers: [ElementType] = [.float32, .float64, .int64, .int32, .int8, .uint8]
}

/// Type inference shared by elementwise operators of several operands.
package enum Broadcasting {
  /// Type of an elementwise result: the operands' common element type and broadcast shape.
  package static func resultType(
    of inputs: InputTypes, types: [ElementType] = ElementType.numbers
  ) throws(OperatorError) -> [ValueType] {
    for index in 0..<inputs.count { try inputs.require(index, isOneOf: types) }
    try inputs.requireSameType(0..<inputs.count)
    return [ValueType(inputs[0].elementType, try shape(of: inputs, 0..<inputs.count))]
  }

  /// The broadcast shape of some operands.
  package static func shape(of inputs: InputTypes, _ indices: Range<Int>) throws(OperatorError) -> Shape {
    var shape: Shape = []
    for index in indices {
      guard let next = shape.broadcast(with: inputs[index].shape) else {
        let shapes = indices.map { inputs[$0].shape.description }.joined(separator: " and ")
        throw .invalid("inputs \(shapes) do not broadcast")
      }
      shape = next
    }
    return shape
  }
}
