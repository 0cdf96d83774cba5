import Graphs
import Kernels
import Tensors

/// Upsample (ai.onnx 7 to 9): what Resize gives by scales, with coordinates that it calls asymmetric and nearest ones rounded down.
///
/// Shapes: X [n…] → [⌊n · scale⌋…]; scales are an attribute below version 9. Source: onnx/docs/Changelog.md#Upsample-9.
struct Upsample: ShapeDeciding, OlderForm {
  static let schema = OperatorSchema("Upsample", versions: 7..., inputs: ["X", "scales?"], outputs: ["Y"])

  private let resize: Resize

  init(reading node: AttributeReader) throws(OperatorError) {
    let mode = try node.text("mode", oneOf: ["nearest", "linear"])
    let equal = Node(
      "Resize", inputs: node.node.inputs, outputs: node.node.outputs, attributes: [Attribute("mode", mode)])
    resize = try Resize(reading: AttributeReader(equal, version: 10))
  }

  static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    guard node.version < 9 else { return node.operands }
    guard let scales = try node.optionalFloats("scales") else { throw .invalid("lacks attribute 'scales'") }
    return node.operands.prefix(1) + [.numbers(scales)]
  }

  var attributes: [Attribute] { resize.attributes.filter { $0.name == "mode" } }

  var shapeInputs: [Int] { [1] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try resize.inferTypes(Self.moved(inputs))
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    try resize.bind(Self.moved(inputs), options)
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let node = LoweredNode(resize, [site.inputs[0], "", site.inputs[1]], outputs: site.outputs)
    let moved = PullbackSite(
      node: node, outputGradients: site.outputGradients, needs: [site.needs(0), false, false])
    return [try resize.pullback(moved, into: &gradient)[0], nil]
  }

  /// The operands as Resize has them.
  private static func moved(_ inputs: InputTypes) -> InputTypes {
    InputTypes(
      types: [inputs.optional(0), nil, inputs.optional(1)],
      constants: [inputs.known(0), nil, inputs.known(1)],
      outputCount: inputs.outputCount)
  }
}
