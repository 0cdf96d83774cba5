import Graphs
import Kernels
import Tensors

/// Expand (ai.onnx 8…): repeats along axes of extent one until the shape fits.
///
///     dx = Σ dy over the stretched axes
///
/// Shapes: input and `shape` broadcast with each other → the common shape.
/// Source: onnx/docs/Operators.md#Expand.
struct Expand: Rearranging, ShapeDeciding, WithoutAttributes {
  static let schema = OperatorSchema(
    "Expand", versions: 8..., inputs: ["input", "shape"], outputs: ["output"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let source = inputs[0].shape
    guard let extents = try inputs.integers(1), let wanted = Shape(checking: extents) else {
      throw .invalid("input 1 (shape) is no shape")
    }
    guard let result = source.broadcast(with: wanted) else {
      throw .invalid("can't expand \(source) to \(wanted)")
    }
    return [ValueType(inputs[0].elementType, result)]
  }

  var shapeInputs: [Int] { [1] }

  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    // What repeats elements moves more than there are.
    guard let shape = results[result]?.shape, shape.elementCount == inputs[0].shape.elementCount else {
      return nil
    }
    return map.reshaped(to: shape.extents)
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let type = try inferTypes(inputs)[0]
    let block = DataMovement.Block(strides: inputs[0].shape.strides(expandedTo: type.shape))
    return .taking(block, of: inputs, into: type, options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.sum(try site.gradient(), toShapeOf: site.inputs[0]), nil]
  }
}

extension Shape {
  /// Strides that read a value of this shape as if it were expanded to another.
  func strides(expandedTo other: Shape) -> [Int] {
    let own = strides
    return other.extents.indices.map { axis in
      let mine = axis - (other.rank - rank)
      return mine < 0 || extents[mine] == 1 ? 0 : own[mine]
    }
  }
}
