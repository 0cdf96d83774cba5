import Tensors

extension ComposedNodes {
  /// A value whose elements along some axes have mean 0 and variance 1.
  ///
  ///     y = (x − mean) / √(var + ε)          var without Bessel correction
  mutating func normalize(_ value: String, over axes: [Int], epsilon: Float) throws(OperatorError) -> String {
    let centred = emit("Sub", [value, try reduce("ReduceMean", value, axes)])
    let variance = try reduce("ReduceMean", emit("Mul", [centred, centred]), axes)
    let spread = emit("Sqrt", [emit("Add", [variance, try number(Double(epsilon))])])
    return emit("Div", [centred, spread])
  }

  /// Scales and shifts a value by a number per channel, as the last nodes.
  ///
  /// Shapes: value [B, C, d…], scale and bias [C].
  mutating func deliver(_ value: String, scaledBy scale: String, shiftedBy bias: String)
    throws(OperatorError)
  {
    let column = [-1] + [Int](repeating: 1, count: type().shape.rank - 2)
    let scaled = emit("Mul", [value, try reshape(scale, to: column)])
    deliver("Add", [scaled, try reshape(bias, to: column)])
  }

  /// Refuses operands that are not numbers per channel.
  func requirePerChannel(_ indices: Range<Int>) throws(OperatorError) {
    let shape = type().shape
    guard shape.rank >= 2 else { throw .invalid("input 0 has shape \(shape), expected [N, C, …]") }
    for index in indices where type(index).shape.extents != [shape[1]] {
      throw .invalid("input \(index) has shape \(type(index).shape), expected [\(shape[1])]")
    }
  }
}
