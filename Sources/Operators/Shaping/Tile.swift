import Graphs
import Kernels
import Tensors

/// Tile (ai.onnx 6…): the operand repeated `repeats[i]` times along axis i.
///
///     y[…, r · n + i, …] = x[…, i, …]          dx = Σ(r) dy
///
/// Shapes: input [n…] → [repeats · n…]. Source: onnx/docs/Operators.md#Tile.
struct Tile: ShapeDeciding, WithoutAttributes, Rearranging {
  static let schema = OperatorSchema(
    "Tile", versions: 6..., inputs: ["input", "repeats"], outputs: ["output"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let source = inputs[0].shape
    guard let repeats = try inputs.integers(1), repeats.count == source.rank else {
      throw .invalid("input 1 (repeats) needs one number per axis of \(source)")
    }
    var extents: [Int] = []
    for (extent, count) in zip(source.extents, repeats) {
      let (product, overflow) = extent.multipliedReportingOverflow(by: count)
      guard count >= 0, !overflow else { throw .invalid("can't repeat \(source) \(repeats) times") }
      extents.append(product)
    }
    guard let shape = Shape(checking: extents) else {
      throw .invalid("can't repeat \(source) \(repeats) times")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  var shapeInputs: [Int] { [1] }

  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    // What repeats elements moves more than there are.
    results[result]?.shape == inputs[0].shape ? map : nil
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let source = inputs[0].shape
    let target = try inferTypes(inputs)[0].shape
    var (extents, from, to): ([Int], [Int], [Int]) = ([], [], [])
    for (axis, extent) in source.extents.enumerated() {
      extents += [target.extents[axis] / extent, extent]
      from += [0, source.strides[axis]]
      to += [extent * target.strides[axis], target.strides[axis]]
    }
    let copy = StridedCopy(
      DataMovement.Block(strides: from), DataMovement.Block(strides: to), extents: extents)
    return BoundKernel(inputs, .movement) { operands in
      copy.run(operands[0], into: operands.output(0), options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let source = gradient.shape(site.inputs[0])
    guard source.rank > 0 else { return [dY, nil] }
    guard source.elementCount > 0 else { return [try gradient.zeros(like: site.inputs[0]), nil] }
    let target = gradient.shape(dY)
    let parts = source.extents.indices.flatMap { axis in
      [target.extents[axis] / source.extents[axis], source.extents[axis]]
    }
    let split = try gradient.reshape(dY, to: Shape(parts))
    let axes = try gradient.constant(source.extents.indices.map { 2 * $0 })
    return [try gradient.emit(ReduceSum(keepsAxes: false), [split, axes]), nil]
  }
}
