import Graphs
import Kernels
import Tensors

/// CumSum (ai.onnx 11…): sums of the elements up to each along an axis.
///
///     y[…, i, …] = Σ(j ≤ i) x[…, j, …]          dx[…, j, …] = Σ(i ≥ j) dy[…, i, …]
///
/// With `exclusive` an element itself does not count, with `reverse` sums begin at the end. Shapes: x any, axis one number →
/// like x. Source: onnx/docs/Operators.md#CumSum.
struct CumSum: MemoryReusing {
  static let schema = OperatorSchema("CumSum", versions: 11..., inputs: ["x", "axis"], outputs: ["y"])

  let isExclusive: Bool
  let isReversed: Bool

  init(isExclusive: Bool = false, isReversed: Bool = false) {
    (self.isExclusive, self.isReversed) = (isExclusive, isReversed)
  }

  init(reading node: AttributeReader) throws(OperatorError) {
    isExclusive = try node.flag("exclusive", default: false)
    isReversed = try node.flag("reverse", default: false)
  }

  var attributes: [Attribute] {
    [Attribute("exclusive", isExclusive ? 1 : 0), Attribute("reverse", isReversed ? 1 : 0)]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64, .int64, .int32])
    try inputs.require(1, isOneOf: [.int64, .int32])
    guard inputs[1].shape.elementCount == 1 else {
      throw .invalid("input 1 (axis) has shape \(inputs[1].shape), expected one number")
    }
    return [inputs[0]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let shape = inputs[0].shape
    let (exclusive, reversed) = (isExclusive, isReversed)
    return BoundKernel(inputs, .operations(shape.elementCount)) { operands throws(OperatorError) in
      guard let given = operands[1].tensor.integers?.first, let axis = shape.normalizedAxis(given) else {
        throw .invalid("input 1 (axis) is out of range for \(shape)")
      }
      CumulativeSum.run(
        operands[0], outer: shape.product(0..<axis), extent: shape[axis],
        inner: shape.product((axis + 1)..<shape.rank), isExclusive: exclusive, isReversed: reversed,
        into: operands.output(0), options)
    }
  }

  var reusableInputs: [Int] { [0] }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let back = CumSum(isExclusive: isExclusive, isReversed: !isReversed)
    return [try gradient.emit(back, [try site.gradient(), site.inputs[1]]), nil]
  }
}
