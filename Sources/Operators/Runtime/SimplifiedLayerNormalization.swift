import Graphs
import Tensors

/// SimplifiedLayerNormalization (of ONNX Runtime, in the default domain): division by the root of the mean square.
///
///     y = x / √(mean(x²) + ε) · scale          mean over the axes from `axis` on
///
/// Source: onnxruntime/core/graph/contrib_ops/contrib_defs.cc.
struct SimplifiedLayerNormalization: Expandable {
  static let schema = OperatorSchema(
    "SimplifiedLayerNormalization", versions: 1..., inputs: ["X", "scale"], outputs: ["Y", "inv_std_var?"])

  let axis: Int
  let epsilon: Float

  init(reading node: AttributeReader) throws(OperatorError) {
    axis = try node.int("axis", default: -1)
    epsilon = try node.float("epsilon", default: 1e-5)
    try node.require("stash_type", is: 1)
    guard node.outputCount < 2 else { throw .unsupported("its second result is not implemented") }
  }

  func expansion(of site: ExpansionSite, naming names: inout ExpansionNames) throws(OperatorError) -> [Node] {
    let shape = site.inputs[0].shape
    guard let first = shape.normalizedAxis(axis) else {
      throw .invalid("attribute 'axis' is \(axis), out of range for \(shape)")
    }
    var body = ExpansionBody(of: site)
    let (x, scale) = (site.node.inputs[0], site.node.inputs[1])
    let square = body.emit("Mul", [x, x], as: "square", naming: &names)
    let axes = Array(first..<shape.rank)
    let mean: String
    if site.operatorSet < 18 {
      mean = body.emit("ReduceMean", [square], [Attribute("axes", axes)], as: "mean", naming: &names)
    } else {
      let operand = try body.integers(axes, as: "axes", naming: &names)
      mean = body.emit("ReduceMean", [square, operand], as: "mean", naming: &names)
    }
    let shift = try body.number(Double(epsilon), as: "epsilon", naming: &names)
    let shifted = body.emit("Add", [mean, shift], as: "shifted", naming: &names)
    let root = body.emit("Sqrt", [shifted], as: "root", naming: &names)
    let normalized = body.emit("Div", [x, root], as: "normalized", naming: &names)
    body.deliver("Mul", [normalized, scale])
    return body.nodes
  }
}
