import Graphs
package import Kernels
import Tensors

/// A product that applies an activation and adds a residual to what it makes; operand 2 is its bias, 3 its residual.
package protocol ProductWithEpilogue: Operator {
  /// What is applied to the product.
  var activation: ProductActivation { get }

  /// The same product with another activation.
  func with(_ activation: ProductActivation) -> Self

  /// Whether a residual may be added, which an activation of the whole sum leaves no room for.
  func takesResidual(_ inputs: InputTypes) -> Bool
}

extension ProductWithEpilogue {
  /// The product with the operator behind it as its activation; nil where it has one already, or that is none.
  ///
  /// - Parameters:
  ///   - hasResidual: whether a residual is added in front of that operator.
  ///   - scalar: the number that a constant operand of that operator holds.
  package func followed(
    by node: LoweredNode, hasResidual: Bool, scalar: (String) -> Double?
  ) -> Self? {
    guard activation == .none else { return nil }
    switch node.operation {
    case is Relu: return with(.relu)
    case let gelu as Gelu where !gelu.isTanh && !hasResidual: return with(.gelu)
    case is Clip:
      guard let low = node.input(1).map(scalar) ?? -Double.infinity,
        let high = node.input(2).map(scalar) ?? Double.infinity, !low.isNaN, !high.isNaN
      else { return nil }
      return with(.clip(low: low, high: high))
    default: return nil
    }
  }
}

extension ProductActivation {
  /// Whether a residual is added behind it, or there is none.
  var leavesRoomForResidual: Bool { self == .none || self == .gelu }

  init(reading node: AttributeReader) throws(OperatorError) {
    switch try node.text("activation", oneOf: ["none", "relu", "gelu", "clip"]) {
    case "relu": self = .relu
    case "gelu": self = .gelu
    case "clip":
      self = .clip(
        low: Double(try node.float("lower", default: -.infinity)),
        high: Double(try node.float("upper", default: .infinity)))
    default: self = .none
    }
  }

  var attributes: [Attribute] {
    switch self {
    case .none: [Attribute("activation", "none")]
    case .relu: [Attribute("activation", "relu")]
    case .gelu: [Attribute("activation", "gelu")]
    case .clip(let low, let high):
      [
        Attribute("activation", "clip"), Attribute("lower", .float(Float(low))),
        Attribute("upper", .float(Float(high))),
      ]
    }
  }

  /// Emits the activation of a product and the addition of its residual as standard operators.
  func emit(behind product: String, residual: String?, into builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    var result = product
    if self == .gelu { result = try builder.emit(Gelu(), [result]) }
    if let residual { result = try builder.emit(Add(), [result, residual]) }
    switch self {
    case .none, .gelu: return result
    case .relu: return try builder.emit(Relu(), [result])
    case .clip(let low, let high):
      return try builder.emit(
        Clip(), [result, try builder.scalar(low, like: result), try builder.scalar(high, like: result)])
    }
  }
}
