import Graphs
import Kernels
import Tensors

/// Clip (ai.onnx 6…): limits elements to a range; bounds are attributes below version 11, operands from there on.
///
///     y = min(max(x, low), high)          dx = dy where low ≤ x ≤ high, else 0
///
/// A bound has the gradient of the elements that it replaces. Shapes: input any, min [] , max [] → output.
/// Source: onnx/docs/Operators.md#Clip.
struct Clip: Operator {
  static let schema = OperatorSchema(
    "Clip", versions: 6..., inputs: ["input", "min?", "max?"], outputs: ["output"])

  /// Bounds that older models give as attributes.
  let fixedBounds: [Float?]

  init(reading node: AttributeReader) throws(OperatorError) {
    guard node.version < 11 else {
      fixedBounds = [nil, nil]
      return
    }
    guard node.inputCount == 1 else { throw .invalid("has bounds as inputs, which came with version 11") }
    fixedBounds = [try node.optionalFloat("min"), try node.optionalFloat("max")]
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64, .int64, .int32])
    try inputs.requireSameType(0..<inputs.count)
    for index in 1..<3 {
      guard let bound = inputs.optional(index), bound.shape.elementCount != 1 else { continue }
      throw .invalid("input \(index) has shape \(bound.shape), expected a scalar")
    }
    return [inputs[0]]
  }

  func floatingPointOperations(_ inputs: InputTypes) -> Int {
    let bounds = fixedBounds.count { $0 != nil } + (1..<3).count { inputs.optional($0) != nil }
    return bounds &* inputs[0].shape.elementCount
  }

  func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    let result = operands.output(0)
    guard fixedBounds == [nil, nil] else {
      let low = fixedBounds[0].map(Double.init) ?? -.infinity
      let high = fixedBounds[1].map(Double.init) ?? .infinity
      Elementwise.clip(operands[0], low: low, high: high, into: result, context.options)
      return
    }
    var source = operands[0]
    if let low = operands.optional(1) {
      Elementwise.maximum(source, low.reshaped(to: []), into: result, context.options)
      source = result
    }
    if let high = operands.optional(2) {
      Elementwise.minimum(source, high.reshaped(to: []), into: result, context.options)
      source = result
    }
    DataMovement.copy(source, into: result)
  }

  var reusableInputs: [Int] { [0] }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dY = try site.gradient()
    let zero = try gradient.scalar(0, like: dY)
    let low = try bound(0, site, &gradient)
    let high = try bound(1, site, &gradient)
    var results: [String?] = [nil, nil, nil]
    if site.needs(0) {
      var dX = dY
      if let low {
        let isAbove = try gradient.emit("GreaterOrEqual", [site.inputs[0], low])
        dX = try gradient.emit("Where", [isAbove, dX, zero])
      }
      if let high {
        let isBelow = try gradient.emit("LessOrEqual", [site.inputs[0], high])
        dX = try gradient.emit("Where", [isBelow, dX, zero])
      }
      results[0] = dX
    }
    if site.needs(1), let low {
      var isReplaced = try gradient.emit("Less", [site.inputs[0], low])
      if let high {
        let isOrdered = try gradient.emit("LessOrEqual", [low, high])
        isReplaced = try gradient.emit("And", [isReplaced, isOrdered])
      }
      let part = try gradient.emit("Where", [isReplaced, dY, zero])
      results[1] = try gradient.sum(part, toShapeOf: low)
    }
    if site.needs(2), let high {
      var isReplaced = try gradient.emit("Greater", [site.inputs[0], high])
      if let low {
        let isCrossed = try gradient.emit("Greater", [low, high])
        isReplaced = try gradient.emit("Or", [isReplaced, isCrossed])
      }
      let part = try gradient.emit("Where", [isReplaced, dY, zero])
      results[2] = try gradient.sum(part, toShapeOf: high)
    }
    return results
  }

  /// The lower (0) or upper (1) bound as a value, or nil where there is none.
  private func bound(
    _ index: Int, _ site: PullbackSite, _ gradient: inout GradientBuilder
  ) throws(OperatorError) -> String? {
    if let fixed = fixedBounds[index] { return try gradient.scalar(Double(fixed), like: site.inputs[0]) }
    guard index + 1 < site.inputs.count, !site.inputs[index + 1].isEmpty else { return nil }
    return site.inputs[index + 1]
  }
}
