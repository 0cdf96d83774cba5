package import Graphs
package import Kernels
package import Tensors

/// Gelu (ai.onnx 20…): the Gaussian error linear unit, exact or approximated by a hyperbolic tangent.
///
///     y = x · Φ(x) = ½ x (1 + erf(x/√2))          dx = dy · (Φ(x) + x φ(x))
///     y ≈ ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#Gelu; Hendrycks and Gimpel, 2016.
package struct Gelu: UnaryElementwise {
  package static let schema = OperatorSchema("Gelu", versions: 20..., inputs: ["X"], outputs: ["Y"])

  package let isTanh: Bool

  /// The exact unit unless told otherwise.
  package init(isTanh: Bool = false) { self.isTanh = isTanh }

  package init(reading node: AttributeReader) throws(OperatorError) {
    isTanh = try node.text("approximate", oneOf: ["none", "tanh"]) == "tanh"
  }

  package var attributes: [Attribute] { isTanh ? [Attribute("approximate", "tanh")] : [] }

  package func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.apply(isTanh ? .geluTanh : .gelu, input, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(GeluGradient(isTanh: isTanh), [site.inputs[0], try site.gradient()])]
  }
}

/// The gradient of Gelu in one pass.
///
/// Domain dka.gradient: exists in plans only. Shapes: X any, dY like X → dX like X.
struct GeluGradient: Decomposable, MemoryReusing {
  static let schema = OperatorSchema(
    "GeluGradient", domain: "dka.gradient", versions: 1..., inputs: ["X", "dY"], outputs: ["dX"])

  let isTanh: Bool

  init(isTanh: Bool) { self.isTanh = isTanh }

  init(reading node: AttributeReader) throws(OperatorError) {
    isTanh = try node.text("approximate", oneOf: ["none", "tanh"]) == "tanh"
  }

  var attributes: [Attribute] { isTanh ? [Attribute("approximate", "tanh")] : [] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    guard inputs[0] == inputs[1] else { throw .invalid("inputs are \(inputs[0]) and \(inputs[1])") }
    return [inputs[0]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    // Φ and φ, four products, and two sums.
    BoundKernel(inputs, .operations(8 &* inputs[0].shape.elementCount)) { operands in
      Elementwise.geluGradient(operands[0], operands[1], isTanh: isTanh, into: operands.output(0), options)
    }
  }

  var reusableInputs: [Int] { [1] }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let x = node.inputs[0]
    let half = try builder.scalar(0.5, like: x)
    let one = try builder.scalar(1, like: x)
    let slope: String
    if isTanh {
      // f' = ½ (1 + t) + ½ x (1 − t²) u',  t = tanh u,  u = √(2/π) (x + 0.044715 x³)
      let factor = try builder.scalar((2 / Double.pi).squareRoot(), like: x)
      let square = try builder.emit(Mul(), [x, x])
      let cubic = try builder.emit(Mul(), [square, try builder.scalar(0.044715, like: x)])
      let inner = try builder.emit(Mul(), [x, try builder.emit(Add(), [cubic, one])])
      let t = try builder.emit(Tanh(), [try builder.emit(Mul(), [inner, factor])])
      let triple = try builder.emit(Mul(), [cubic, try builder.scalar(3, like: x)])
      let u = try builder.emit(Mul(), [try builder.emit(Add(), [triple, one]), factor])
      let rest = try builder.emit(Sub(), [one, try builder.emit(Mul(), [t, t])])
      let second = try builder.emit(Mul(), [try builder.emit(Mul(), [x, rest]), u])
      let sum = try builder.emit(Add(), [try builder.emit(Add(), [one, t]), second])
      slope = try builder.emit(Mul(), [half, sum])
    } else {
      let scaled = try builder.emit(Mul(), [x, try builder.scalar(0.5.squareRoot(), like: x)])
      let error = try builder.emit(Erf(), [scaled])
      let distribution = try builder.emit(Mul(), [half, try builder.emit(Add(), [one, error])])
      let square = try builder.emit(Mul(), [scaled, scaled])
      let bell = try builder.emit(Exp(), [try builder.emit(Neg(), [square])])
      let factor = try builder.scalar(1 / (2 * Double.pi).squareRoot(), like: x)
      let density = try builder.emit(Mul(), [bell, factor])
      slope = try builder.emit(Add(), [distribution, try builder.emit(Mul(), [x, density])])
    }
    return [try builder.emit(Mul(), [node.inputs[1], slope])]
  }
}
