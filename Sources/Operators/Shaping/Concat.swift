package import Graphs
package import Kernels
import Tensors

/// Concat (ai.onnx 4…): operands one after the other along `axis`.
///
/// Shapes: [a…, n_i, b…] each → [a…, Σ n_i, b…]. The gradient of each operand is its part of the result's.
/// Source: onnx/docs/Operators.md#Concat.
package struct Concat: Rearranging {
  package static let schema = OperatorSchema(
    "Concat", versions: 4..., inputs: ["inputs..."], outputs: ["concat_result"])

  package let axis: Int

  /// Operands one after the other along an axis.
  package init(axis: Int) { self.axis = axis }

  package init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis")
  }

  package var attributes: [Attribute] { [Attribute("axis", axis)] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    guard inputs.count > 0 else { throw .invalid("has no input") }
    for index in 0..<inputs.count where inputs.optional(index) == nil {
      throw .invalid("lacks input \(index)")
    }
    try inputs.requireSameType(0..<inputs.count)
    let first = inputs[0].shape
    guard let axis = first.normalizedAxis(axis) else {
      throw .invalid("attribute 'axis' is \(axis), out of range for \(first)")
    }
    var extents = first.extents
    for index in 1..<max(inputs.count, 1) {
      let next = inputs[index].shape
      var expected = first.extents
      if next.rank == first.rank { expected[axis] = next.extents[axis] }
      guard next.extents == expected else {
        throw .invalid("inputs \(first) and \(next) differ outside axis \(axis)")
      }
      extents[axis] += next.extents[axis]
      guard Shape(checking: extents) != nil else {
        throw .invalid("result of extents \(extents) is too large")
      }
    }
    return [ValueType(inputs[0].elementType, Shape(extents))]
  }

  package func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    inputs.count == 1 ? map : nil
  }

  /// A view too where all operands but one, which need not be the first, have no elements.
  package func views(_ inputs: InputTypes) -> [OperandView?] {
    let filled = (0..<inputs.count).filter { inputs[$0].shape.elementCount > 0 }
    return filled.count == 1 ? [OperandView(input: filled[0])] : []
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let type = try inferTypes(inputs)[0]
    let strides = type.shape.strides
    let axis = try inputs.axis(axis)
    var copies: [StridedCopy] = []
    var start = 0
    for index in 0..<inputs.count {
      let shape = inputs[index].shape
      copies.append(
        StridedCopy(
          DataMovement.Block(strides: shape.strides),
          DataMovement.Block(offset: start * strides[axis], strides: strides), extents: shape.extents))
      start += shape.extents[axis]
    }
    return BoundKernel(inputs, .withoutArithmetic) { [copies] operands in
      for (index, copy) in copies.enumerated() {
        copy.run(operands[index], into: operands.output(0), options)
      }
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    guard let axis = gradient.shape(dY).normalizedAxis(axis) else { return [] }
    var results: [String?] = []
    var start = 0
    for (index, input) in site.inputs.enumerated() {
      let extent = gradient.shape(input).extents[axis]
      results.append(
        site.needs(index)
          ? try gradient.slice(dY, axis: axis, from: start, to: start + extent) : nil)
      start += extent
    }
    return results
  }
}

extension GradientBuilder {
  /// The elements of a value whose position along one axis lies in [start, end).
  package mutating func slice(_ value: String, axis: Int, from start: Int, to end: Int) throws(OperatorError)
    -> String
  {
    guard start != 0 || end != shape(value).extents[axis] else { return value }
    return try emit(
      Slice(), [value, try constant([start]), try constant([end]), try constant([axis])])
  }

  /// A tensor of zeros with the type and shape of another value.
  package mutating func zeros(like value: String) throws(OperatorError) -> String {
    try emit(Expand(), [try scalar(0, like: value), try constant(shape(value).extents)])
  }
}
