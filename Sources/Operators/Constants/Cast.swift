import Graphs
import Kernels
import Tensors

/// Cast (ai.onnx 6…): the same elements in another type.
///
/// Floating point becomes integer by dropping the fraction (out of range: the nearest bound; NaN: 0), integers
/// narrow by dropping upper bits, everything but 0 is true. Between floating-point types the gradient is cast back; between
/// float32 and floats of 16 bits nothing happens, which are computed with in float32.
/// Shapes: input any → output like it. Source: onnx/docs/Operators.md#Cast.
struct Cast: Rearranging {
  static let schema = OperatorSchema("Cast", versions: 6..., inputs: ["input"], outputs: ["output"])

  let target: ElementType

  /// A conversion to a type.
  init(to target: ElementType) { self.target = target }

  init(reading node: AttributeReader) throws(OperatorError) {
    // They are about types that are not computed with.
    node.knows("saturate", "round_mode")
    guard let type = try node.optionalElementType("to") else { throw .invalid("lacks attribute 'to'") }
    guard type.isComputable else { throw .unsupported("casts to \(type.name), which is not computed with") }
    target = type
  }

  var attributes: [Attribute] { [Attribute("to", Int(target.rawValue))] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: ElementType.numbers + [.bool])
    return [ValueType(target, inputs[0].shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      Elementwise.convert(operands[0], into: operands.output(0), options)
    }
  }

  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    // Truth values from a file may need to be brought to 0 and 1.
    inputs[0].elementType == target && target != .bool ? map : nil
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard gradient.type(site.inputs[0]).elementType.isFloatingPoint else { return [nil] }
    return [try gradient.cast(try site.gradient(), like: site.inputs[0])]
  }
}

extension GradientBuilder {
  /// The elements of a value in the type of another one.
  mutating func cast(_ value: String, like other: String) throws(OperatorError) -> String {
    let target = type(other).elementType
    guard type(value).elementType != target else { return value }
    return try emit(Cast(to: target), [value])
  }
}
