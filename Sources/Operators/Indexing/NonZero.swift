import Graphs
import Kernels
import Tensors

/// NonZero (ai.onnx 9…): where the elements stand that are not 0.
///
/// How many there are decides the shape, so the operand must be known before the model runs. Shapes: X of r axes → [r, count], a
/// column per element in row-major order. Source: onnx/docs/Operators.md#NonZero.
struct NonZero: ShapeDeciding, WithoutAttributes {
  static let schema = OperatorSchema("NonZero", versions: 9..., inputs: ["X"], outputs: ["Y"])

  var shapeInputs: [Int] { [0] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: ElementType.numbers + [.bool])
    guard let value = try inputs.constant(0) else { throw .invalid("lacks input 0 (X)") }
    let rank = inputs[0].shape.rank
    guard let shape = Shape(checking: [rank, Self.positions(value).count]) else {
      throw .invalid("result for \(inputs[0].shape) is too large")
    }
    return [ValueType(.int64, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let shape = inputs[0].shape
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      let positions = Self.positions(operands[0].tensor)
      let coordinates = shape.extents.indices.flatMap { axis in
        positions.map { $0 / shape.strides[axis] % shape[axis] }
      }
      Sequences.write(coordinates, into: operands.output(0))
    }
  }

  private static func positions(_ tensor: Tensor) -> [Int] {
    if let integers = tensor.integers { return integers.indices.filter { integers[$0] != 0 } }
    let numbers = tensor.doubles ?? []
    return numbers.indices.filter { numbers[$0] != 0 }
  }
}
