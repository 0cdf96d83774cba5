import Graphs
package import Kernels
import Tensors

/// Slice (ai.onnx 1…): every `step`-th element from `start` to before `end`, per axis.
///
/// Bounds below zero count from the end and are clamped to the axis; steps may be negative. Bounds come from
/// attributes (to 9) or operands (from 10).
///
///     y[…, i, …] = x[…, start + i · step, …]          dx = dy put back into zeros
///
/// Shapes: data any rank → the same rank. Source: onnx/docs/Operators.md#Slice.
package struct Slice: Rearranging, ShapeDeciding, WithoutAttributes, OlderForm {
  package static let schema = OperatorSchema(
    "Slice", versions: 1..., inputs: ["data", "starts?", "ends?", "axes?", "steps?"], outputs: ["output"])

  package init() {}

  package static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    guard node.version < 10 else { return node.operands }
    guard let starts = try node.optionalInts("starts"), let ends = try node.optionalInts("ends") else {
      throw .invalid("lacks attribute 'starts' or 'ends'")
    }
    return node.operands.prefix(1) + [
      .integers(starts), .integers(ends), .integers(try node.optionalInts("axes")),
    ]
  }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let source = inputs[0].shape
    let bounds = try bounds(inputs)
    return [ValueType(inputs[0].elementType, bounds.shape(of: source))]
  }

  package var shapeInputs: [Int] { [1, 2, 3, 4] }

  package func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    // Bounds that can't be read were refused when the node was typed.
    guard let bounds = try? bounds(inputs) else { return nil }
    let extents = inputs[0].shape.extents
    return extents.indices.reduce(map) { map, axis in
      let (start, step, count) = (bounds.starts[axis], bounds.steps[axis], bounds.counts[axis])
      let used = count > 1 ? step : 1
      guard used > 0 else { return nil }
      return count == extents[axis] ? map : map?.sliced(axis: axis, start: start, count: count, step: used)
    }
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let block = try bounds(inputs).block(in: inputs[0].shape)
    return .taking(block, of: inputs, into: try inferTypes(inputs)[0], options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let source = gradient.shape(site.inputs[0])
    let bounds = try bounds(gradient.graph.inputTypes(of: site.node))
    let dY = try site.gradient()
    let rest = [String?](repeating: nil, count: site.inputs.count - 1)
    guard bounds.steps.allSatisfy({ $0 == 1 }) else {
      let operation = SliceGradient(starts: bounds.starts, steps: bounds.steps, shape: source)
      return [try gradient.emit(operation, [dY])] + rest
    }
    let after = source.extents.indices.map { source.extents[$0] - bounds.starts[$0] - bounds.counts[$0] }
    return [try gradient.pad(dY, before: bounds.starts, after: after)] + rest
  }

  /// Start, step and count per axis of the operand.
  private func bounds(_ inputs: InputTypes) throws(OperatorError) -> SliceBounds {
    guard let starts = try inputs.integers(1), let ends = try inputs.integers(2) else {
      throw .invalid("lacks input 1 (starts) or 2 (ends)")
    }
    return try SliceBounds(
      of: inputs[0].shape, starts: starts, ends: ends, axes: try inputs.integers(3),
      steps: try inputs.integers(4))
  }
}

/// The bounds of a slice after clamping, one entry per axis.
struct SliceBounds {
  private(set) var starts: [Int]
  private(set) var steps: [Int]
  private(set) var counts: [Int]

  /// Clamps bounds as ONNX has it.
  init(of shape: Shape, starts: [Int], ends: [Int], axes: [Int]?, steps: [Int]?) throws(OperatorError) {
    self.starts = [Int](repeating: 0, count: shape.rank)
    self.steps = [Int](repeating: 1, count: shape.rank)
    counts = shape.extents
    let axes = axes ?? Array(0..<starts.count)
    guard starts.count == ends.count, starts.count == axes.count,
      steps.map({ $0.count == starts.count }) ?? true
    else { throw .invalid("starts, ends, axes and steps differ in length") }
    for (index, given) in axes.enumerated() {
      guard let axis = shape.normalizedAxis(given) else {
        throw .invalid("axis \(given) is out of range for \(shape)")
      }
      let extent = shape.extents[axis]
      let step = steps?[index] ?? 1
      guard step != 0, step != .min else { throw .invalid("step \(step) on axis \(axis)") }
      func clamped(_ bound: Int, _ range: ClosedRange<Int>) -> Int {
        let fromFront = bound < 0 ? bound + extent : bound
        return min(max(fromFront, range.lowerBound), range.upperBound)
      }
      // Walking backwards, the end may lie one before the first element.
      let start = clamped(starts[index], step > 0 ? 0...extent : 0...max(extent - 1, 0))
      let end = clamped(ends[index], step > 0 ? 0...extent : -1...max(extent - 1, -1))
      let distance = step > 0 ? end - start : start - end
      self.starts[axis] = start
      self.steps[axis] = step
      counts[axis] = distance <= 0 || extent == 0 ? 0 : (distance - 1) / step.magnitudeAsInt + 1
    }
  }

  /// The result's shape.
  func shape(of source: Shape) -> Shape { Shape(counts) }

  /// Where the elements lie in the operand.
  func block(in source: Shape) -> DataMovement.Block {
    let strides = source.strides
    let used = steps.indices.map { counts[$0] > 1 ? steps[$0] : 1 }
    return DataMovement.Block(
      offset: zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 },
      strides: zip(used, strides).map { $0 * $1 })
  }
}

extension Int {
  /// The distance from zero of a number that is not the smallest.
  fileprivate var magnitudeAsInt: Int { self < 0 ? -self : self }
}

/// Puts the gradient of a strided slice back into zeros of the operand's shape.
///
/// Domain dka.gradient: exists in plans only.
struct SliceGradient: Decomposable {
  static let schema = OperatorSchema(
    "SliceGradient", domain: "dka.gradient", versions: 1..., inputs: ["dY"], outputs: ["dX"])

  let starts: [Int]
  let steps: [Int]
  let shape: Shape

  init(reading node: AttributeReader) throws(OperatorError) {
    guard let starts = try node.optionalInts("starts"), let steps = try node.optionalInts("steps"),
      let extents = try node.optionalInts("shape"), let shape = Shape(checking: extents)
    else { throw .invalid("lacks attribute 'starts', 'steps' or 'shape'") }
    self.init(starts: starts, steps: steps, shape: shape)
  }

  init(starts: [Int], steps: [Int], shape: Shape) {
    (self.starts, self.steps, self.shape) = (starts, steps, shape)
  }

  var attributes: [Attribute] {
    [Attribute("starts", starts), Attribute("steps", steps), Attribute("shape", shape.extents)]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let strides = shape.strides
    let block = DataMovement.Block(
      offset: zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 },
      strides: zip(steps, strides).map { $0 &* $1 })
    let source = inputs[0].shape
    let copy = StridedCopy(DataMovement.Block(strides: source.strides), block, extents: source.extents)
    return BoundKernel(inputs, .withoutArithmetic) { operands in
      DataMovement.clear(operands.output(0))
      copy.run(operands[0], into: operands.output(0), options)
    }
  }

  /// Turns the axes that were walked backwards, spaces the elements out, and pads to the operand's shape.
  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let counts = builder.shape(node.inputs[0]).extents
    // Where there is no next element, the step to it may be of any size.
    let used = counts.indices.map { counts[$0] > 1 ? steps[$0] : 1 }
    let first = counts.indices.map { used[$0] < 0 ? starts[$0] + (counts[$0] - 1) * used[$0] : starts[$0] }
    let distances = used.map { abs($0) }
    let ascending = try builder.reverse(node.inputs[0], axes: used.indices.filter { used[$0] < 0 })
    let spaced = try builder.space(ascending, by: distances)
    let after = counts.indices.map { shape.extents[$0] - first[$0] - counts[$0] * distances[$0] }
    return [try builder.pad(spaced, before: first, after: after)]
  }
}
