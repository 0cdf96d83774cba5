package import Graphs
package import Kernels
import Tensors

/// Reshape (ai.onnx 5…): the same elements in another shape.
///
/// An extent 0 copies the operand's (unless `allowzero`), one −1 is computed. Shapes: data any, shape [r] → r axes.
/// Source: onnx/docs/Operators.md#Reshape.
package struct Reshape: Rearranging, ShapeDeciding {
  package static let schema = OperatorSchema(
    "Reshape", versions: 5..., inputs: ["data", "shape"], outputs: ["reshaped"])

  package let allowsZero: Bool

  /// A Reshape that copies the operand's extent for 0, or takes 0 as it is.
  package init(allowsZero: Bool = false) { self.allowsZero = allowsZero }

  package init(reading node: AttributeReader) throws(OperatorError) {
    allowsZero = try node.flag("allowzero", default: false)
  }

  package var attributes: [Attribute] { allowsZero ? [Attribute("allowzero", 1)] : [] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    let source = inputs[0].shape
    guard var extents = try inputs.integers(1) else { throw .invalid("lacks input 1 (shape)") }
    let requested = extents
    func fail() -> OperatorError {
      .invalid("can't reshape \(source) to [\(requested.map(String.init).joined(separator: ","))]")
    }
    for axis in extents.indices where extents[axis] == 0 && !allowsZero {
      guard axis < source.rank else { throw fail() }
      extents[axis] = source.extents[axis]
    }
    let open = extents.indices.filter { extents[$0] == -1 }
    guard open.count <= 1, let known = Shape(checking: extents.filter { $0 != -1 }) else { throw fail() }
    if let axis = open.first {
      guard known.elementCount > 0, source.elementCount % known.elementCount == 0 else { throw fail() }
      extents[axis] = source.elementCount / known.elementCount
    }
    guard let shape = Shape(checking: extents), shape.elementCount == source.elementCount else {
      throw fail()
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  package var shapeInputs: [Int] { [1] }

  package func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    results[result].flatMap { map.reshaped(to: $0.shape.extents) }
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    .copying(inputs)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.reshape(try site.gradient(), to: gradient.shape(site.inputs[0])), nil]
  }
}
