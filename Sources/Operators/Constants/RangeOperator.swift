import Graphs
import Kernels
import Tensors

/// Range (ai.onnx 11…): evenly spaced numbers.
///
///     y[i] = start + i · delta,  i < ⌈(limit − start) / delta⌉
///
/// Shapes: start [], limit [], delta [], known before the model runs → [n]. Source: onnx/docs/Operators.md#Range.
struct RangeOperator: ShapeDeciding, WithoutAttributes {
  static let schema = OperatorSchema(
    "Range", versions: 11..., inputs: ["start", "limit", "delta"], outputs: ["output"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    for index in 0..<3 {
      try inputs.require(index, isOneOf: [.float32, .float64, .int64, .int32])
      guard inputs[index].shape.elementCount == 1 else {
        throw .invalid("input \(index) has shape \(inputs[index].shape), expected a scalar")
      }
    }
    try inputs.requireSameType(0..<3)
    guard let count = try count(inputs), let shape = Shape(checking: [count]) else {
      throw .invalid("has no finite number of elements")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let count = try inferTypes(inputs)[0].shape.elementCount
    return BoundKernel(inputs, .operations(2 &* count)) { operands in
      Sequences.range(from: operands[0], step: operands[2], into: operands.output(0))
    }
  }

  var shapeInputs: [Int] { [0, 1, 2] }

  /// Number of elements, or nil where it is not finite.
  private func count(_ inputs: InputTypes) throws(OperatorError) -> Int? {
    guard inputs[0].elementType.isFloatingPoint else {
      let numbers = [try inputs.integers(0), try inputs.integers(1), try inputs.integers(2)].compactMap {
        $0?.first
      }
      guard numbers.count == 3, numbers[2] != 0 else { return nil }
      let (distance, overflow) = numbers[1].subtractingReportingOverflow(numbers[0])
      guard !overflow else { return nil }
      let (quotient, rest) = distance.quotientAndRemainder(dividingBy: numbers[2] == -1 ? 1 : numbers[2])
      if numbers[2] == -1 { return distance < 0 ? 0 &- distance : 0 }
      return max(quotient + (rest != 0 && (rest < 0) == (numbers[2] < 0) ? 1 : 0), 0)
    }
    var numbers: [Double] = []
    for index in 0..<3 { numbers += try inputs.constant(index)?.doubles ?? [] }
    guard numbers.count == 3 else { return nil }
    let count = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
    return count.isFinite && count < 0x1p48 ? Int(max(count, 0)) : nil
  }
}
