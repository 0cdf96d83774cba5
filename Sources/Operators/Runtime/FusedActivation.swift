import Graphs

/// The activation that ONNX Runtime's optimiser put into the node in front of it.
struct FusedActivation {
  private let type: String
  private let parameters: [Float]

  /// Activations by the attributes that their parameters are, in order.
  private static let known: [(type: String, parameters: [String])] = [
    ("Clip", ["min", "max"]), ("HardSigmoid", ["alpha", "beta"]), ("HardSwish", []), ("LeakyRelu", ["alpha"]),
    ("Relu", []), ("Sigmoid", []), ("Tanh", []),
  ]

  /// An activation with its parameters.
  ///
  /// - Throws: where the activation is not known, or has another number of parameters.
  init(_ type: String, _ parameters: [Float]) throws(OperatorError) {
    guard let found = Self.known.first(where: { $0.type == type }) else {
      let names = Self.known.map(\.type).joined(separator: ", ")
      throw .unsupported("attribute 'activation' is '\(type)', known: \(names)")
    }
    guard parameters.count == found.parameters.count else {
      throw .invalid(
        "activation '\(type)' has \(parameters.count) parameters, expected \(found.parameters.count)")
    }
    (self.type, self.parameters) = (type, parameters)
  }

  /// Delivers what the activation makes of a value.
  func deliver(of x: String, in body: inout ExpansionBody, naming names: inout ExpansionNames)
    throws(OperatorError)
  {
    // The bounds of Clip became operands.
    guard type == "Clip", body.site.operatorSet >= 11 else {
      let attributes = Self.known.first { $0.type == type }?.parameters ?? []
      return body.deliver(type, [x], zip(attributes, parameters).map { Attribute($0, $1) })
    }
    let low = try body.number(Double(parameters[0]), as: "min", naming: &names)
    let high = try body.number(Double(parameters[1]), as: "max", naming: &names)
    body.deliver(type, [x, low, high])
  }
}
