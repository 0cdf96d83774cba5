import Graphs
package import Kernels
import Tensors

/// Clip (ai.onnx 6…): limits elements to a range; bounds are attributes below version 11, operands from there on.
///
///     y = min(max(x, low), high)          dx = dy where low ≤ x ≤ high, else 0
///
/// A bound has the gradient of the elements that it replaces. Shapes: input any, min [] , max [] → output.
/// Source: onnx/docs/Operators.md#Clip.
package struct Clip: MemoryReusing, WithoutAttributes, OlderForm {
  package static let schema = OperatorSchema(
    "Clip", versions: 6..., inputs: ["input", "min?", "max?"], outputs: ["output"])

  package init() {}

  package static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    guard node.version < 11 else { return node.operands }
    guard node.inputCount == 1 else { throw .invalid("has bounds as inputs, which came with version 11") }
    return node.operands.prefix(1) + [
      .number(try node.optionalFloat("min")), .number(try node.optionalFloat("max")),
    ]
  }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: ElementType.numbers)
    try inputs.requireSameType(0..<inputs.count)
    try Self.requireScalars(inputs, 1..<3)
    return [inputs[0]]
  }

  /// Refuses bounds of more or fewer elements than one.
  fileprivate static func requireScalars(_ inputs: InputTypes, _ bounds: Range<Int>) throws(OperatorError) {
    for index in bounds {
      guard let bound = inputs.optional(index), bound.shape.elementCount != 1 else { continue }
      throw .invalid("input \(index) has shape \(bound.shape), expected a scalar")
    }
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let bounds = (1..<3).count { inputs.optional($0) != nil }
    return BoundKernel(inputs, .operations(bounds &* inputs[0].shape.elementCount)) { operands in
      Elementwise.clip(
        operands[0], low: operands.optional(1), high: operands.optional(2), into: operands.output(0), options)
    }
  }

  package var reusableInputs: [Int] { [0] }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let (low, high) = (site.node.input(1), site.node.input(2))
    var results: [String?] = [nil, nil, nil]
    if site.needs(0) {
      results[0] = try gradient.emit(ClipGradient(), [site.inputs[0], dY, low ?? "", high ?? ""])
    }
    guard site.needs(1) || site.needs(2) else { return results }
    let zero = try gradient.scalar(0, like: dY)
    if site.needs(1), let low {
      var isReplaced = try gradient.emit(Less(), [site.inputs[0], low])
      if let high {
        let isOrdered = try gradient.emit(LessOrEqual(), [low, high])
        isReplaced = try gradient.emit(And(), [isReplaced, isOrdered])
      }
      let part = try gradient.emit(Where(), [isReplaced, dY, zero])
      results[1] = try gradient.sum(part, toShapeOf: low)
    }
    if site.needs(2), let high {
      var isReplaced = try gradient.emit(Greater(), [site.inputs[0], high])
      if let low {
        let isCrossed = try gradient.emit(Greater(), [low, high])
        isReplaced = try gradient.emit(Or(), [isReplaced, isCrossed])
      }
      let part = try gradient.emit(Where(), [isReplaced, dY, zero])
      results[2] = try gradient.sum(part, toShapeOf: high)
    }
    return results
  }
}

/// The gradient of `Clip` by its input in one pass.
///
/// Domain dka.gradient: exists in plans only. Shapes: X any, dY like X, min [] , max [] → dX like X.
struct ClipGradient: Decomposable, MemoryReusing, WithoutAttributes {
  static let schema = OperatorSchema(
    "ClipGradient", domain: "dka.gradient", versions: 1..., inputs: ["X", "dY", "min?", "max?"],
    outputs: ["dX"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
    guard inputs[0] == inputs[1] else { throw .invalid("inputs are \(inputs[0]) and \(inputs[1])") }
    try Clip.requireScalars(inputs, 2..<4)
    return [inputs[0]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let bounds = (2..<4).count { inputs.optional($0) != nil }
    return BoundKernel(inputs, .operations(bounds &* inputs[0].shape.elementCount)) { operands in
      Elementwise.clipGradient(
        operands[0], operands[1], low: operands.optional(2), high: operands.optional(3),
        into: operands.output(0), options)
    }
  }

  var reusableInputs: [Int] { [1] }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let x = node.inputs[0]
    var dX = node.inputs[1]
    for index in 2..<4 {
      guard let bound = node.input(index) else { continue }
      let number = try builder.reshape(bound, to: [])
      let isInside =
        index == 2
        ? try builder.emit(GreaterOrEqual(), [x, number]) : try builder.emit(LessOrEqual(), [x, number])
      dX = try builder.emit(Where(), [isInside, dX, try builder.scalar(0, like: dX)])
    }
    return [dX]
  }
}
