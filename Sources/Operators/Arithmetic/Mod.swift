import Graphs
import Kernels
import Tensors

/// Mod (ai.onnx 10…): the remainder of a division.
///
///     c = a − b · q,  q = a/b rounded down (fmod 0: sign of b) or towards zero (fmod 1: sign of a)
///     da = dc,  db = −dc · q,  q = (a − c) / b
///
/// An integer zero in B is an error. Shapes: A, B broadcastable → C.
/// Source: onnx/docs/Operators.md#Mod.
struct Mod: BinaryElementwise {
  static let schema = OperatorSchema("Mod", versions: 10..., inputs: ["A", "B"], outputs: ["C"])

  let isTruncating: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    isTruncating = try node.flag("fmod", default: false)
  }

  var attributes: [Attribute] { isTruncating ? [Attribute("fmod", 1)] : [] }

  func apply(
    _ first: TensorView, _ second: TensorView, into output: TensorView, _ options: KernelOptions
  ) throws(OperatorError) {
    guard !Elementwise.containsZero(second) else { throw .invalid("divides integers by zero") }
    if isTruncating {
      Elementwise.truncatedModulo(first, second, into: output, options)
    } else {
      Elementwise.floorModulo(first, second, into: output, options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dC = try site.gradient()
    var dB: String?
    if site.needs(1) {
      let multiple = try gradient.emit(Sub(), [site.inputs[0], site.outputs[0]])
      let quotient = try gradient.emit(Div(), [multiple, site.inputs[1]])
      let product = try gradient.emit(Mul(), [dC, quotient])
      dB = try gradient.emit(Neg(), [try gradient.sum(product, toShapeOf: site.inputs[1])])
    }
    return [site.needs(0) ? try gradient.sum(dC, toShapeOf: site.inputs[0]) : nil, dB]
  }
}
