import Graphs

extension ExpansionBody {
  /// Delivers Gelu(x): the operator from operator set 20 on, below it what exporters write there.
  ///
  ///     x · (1 + erf(x / √2)) · ½                          x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) · ½
  ///
  /// - Parameter isTanh: whether it is the approximation by a hyperbolic tangent.
  mutating func deliverGelu(of x: String, isTanh: Bool = false, naming names: inout ExpansionNames)
    throws(OperatorError)
  {
    guard site.operatorSet < 20 else {
      deliver("Gelu", [x], isTanh ? [Attribute("approximate", "tanh")] : [])
      return
    }
    let function: String
    if isTanh {
      let square = emit("Mul", [x, x], as: "square", naming: &names)
      let cube = emit("Mul", [square, x], as: "cube", naming: &names)
      let share = try number(0.044715, as: "share", naming: &names)
      let cubic = emit("Mul", [cube, share], as: "cubic", naming: &names)
      let polynomial = emit("Add", [x, cubic], as: "polynomial", naming: &names)
      let root = try number((2 / Double.pi).squareRoot(), as: "root", naming: &names)
      let scaled = emit("Mul", [polynomial, root], as: "scaled", naming: &names)
      function = emit("Tanh", [scaled], as: "tanh", naming: &names)
    } else {
      let root = try number(2.0.squareRoot(), as: "root", naming: &names)
      let scaled = emit("Div", [x, root], as: "scaled", naming: &names)
      function = emit("Erf", [scaled], as: "erf", naming: &names)
    }
    let one = try number(1, as: "one", naming: &names)
    let factor = emit("Add", [function, one], as: "factor", naming: &names)
    let product = emit("Mul", [x, factor], as: "product", naming: &names)
    deliver("Mul", [product, try number(0.5, as: "half", naming: &names)])
  }
}
