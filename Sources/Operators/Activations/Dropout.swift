package import Graphs
package import Kernels
import Tensors

/// Dropout (ai.onnx 7…): the identity outside training.
///
/// In training mode (version 12…) elements are dropped by a mask that depends on attribute `seed` alone, so the node
/// must have one; models that draw a new mask at each step hold `TrainingDropout` in its place.
/// Shapes: data any, ratio [], training_mode [] → output like data, mask of truth values (below version 10: of
/// ones in the type of data). Source: onnx/docs/Operators.md#Dropout.
struct Dropout: Rearranging, MemoryReusing {
  static let schema = OperatorSchema(
    "Dropout", versions: 7..., inputs: ["data", "ratio?", "training_mode?"], outputs: ["output", "mask?"])

  /// Says of a lowered operator what newer operator sets can't say; no file has it.
  private static let numericMask = "dka.numeric_mask"

  let hasTruthMask: Bool
  let seed: Int?

  init(reading node: AttributeReader) throws(OperatorError) {
    // Only training drops anything.
    if node.version < 12 { node.knows("ratio") }
    hasTruthMask = node.version >= 10 && node.node.attribute(Self.numericMask) == nil
    seed = try node.optionalInt("seed")
    guard node.version >= 12 || node.inputCount == 1 else {
      throw .invalid("has \(node.inputCount) inputs, expected 1 below version 12")
    }
  }

  var attributes: [Attribute] {
    (seed.map { [Attribute("seed", $0)] } ?? []) + (hasTruthMask ? [] : [Attribute(Self.numericMask, 1)])
  }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    for index in 1..<3 {
      guard let type = inputs.optional(index) else { continue }
      try inputs.require(index, isOneOf: index == 1 ? [.float32, .float64] : [.bool])
      guard type.shape.elementCount == 1 else {
        throw .invalid("input \(index) has shape \(type.shape), expected a scalar")
      }
    }
    return [inputs[0], ValueType(hasTruthMask ? .bool : inputs[0].elementType, inputs[0].shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let count = inputs[0].shape.elementCount
    return BoundKernel(inputs, inputs.optional(2) == nil ? .withoutArithmetic : .operations(count)) {
      operands throws(OperatorError) in
      let mask = operands.optionalOutput(1)
      let isTraining = operands.optional(2)?.tensor.integers?.first == 1
      let ratio = operands.optional(1)?.tensor.doubles?.first ?? 0.5
      if isTraining, ratio != 0 {
        guard let seed else { throw .unsupported("is in training mode without attribute 'seed'") }
        guard ratio > 0, ratio < 1 else { throw .invalid("ratio is \(ratio), expected 0 ≤ ratio < 1") }
        RandomMask.drop(
          operands[0], ratio: ratio, key: Random(seed), into: operands.output(0), mask: mask, options)
        return
      }
      DataMovement.copy(operands[0], into: operands.output(0))
      if let mask { Sequences.fillWithOnes(mask) }
    }
  }

  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
  {
    // Outside training the result is the operand; the mask says nothing of it.
    let isTraining = inputs.optional(2) != nil && inputs.known(2)?.integers != [0]
    return isTraining || result > 0 ? nil : map
  }

  var reusableInputs: [Int] { [0] }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard site.node.input(2) != nil else { return [try site.gradient(), nil, nil] }
    // The same node on the gradient draws the same mask.
    return [try gradient.emit(self, [try site.gradient()] + site.inputs.dropFirst()), nil, nil]
  }
}

/// Dropout whose mask is a pure function of a seed operand and of each element's position.
///
///     y = x / (1 − ratio) where kept, else 0          dx = the same operator on dy
///
/// The mask is made again in the backward pass instead of being kept. Attribute `stream` tells the dropouts of one
/// model apart. With one seed per row the mask of a row does not depend on where the row stands in a batch. Domain
/// dka.training: exists in plans only. Shapes: data any, seed [] or [rows of data] int64 → output like data.
package struct TrainingDropout: MemoryReusing {
  package static let schema = OperatorSchema(
    "Dropout", domain: "dka.training", versions: 1..., inputs: ["data", "seed"], outputs: ["output"])

  let ratio: Double
  let stream: Int

  /// Dropout of a share of the elements, as the `stream`-th dropout of a model.
  package init(ratio: Float, stream: Int) throws(OperatorError) {
    self.ratio = Double(ratio)
    self.stream = stream
    guard ratio >= 0, ratio < 1 else {
      throw .invalid("attribute 'ratio' is \(ratio), expected 0 ≤ ratio < 1")
    }
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    try self.init(ratio: try node.float("ratio", default: 0.5), stream: try node.int("stream", default: 0))
  }

  package var attributes: [Attribute] { [Attribute("ratio", Float(ratio)), Attribute("stream", stream)] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    let rows = inputs[0].shape.rank > 0 ? inputs[0].shape[0] : 0
    guard inputs[1] == ValueType(.int64, []) || inputs[1] == ValueType(.int64, Shape([rows])) else {
      throw .invalid("seed is \(inputs[1]), expected int64[] or int64[\(rows)]")
    }
    return [inputs[0]]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .operations(inputs[0].shape.elementCount)) { operands in
      let seeds = operands[1].tensor.integers ?? []
      let parts = operands[1].shape.rank == 0 ? 1 : seeds.count
      for (part, seed) in seeds.enumerated() {
        RandomMask.drop(
          operands[0].part(part, of: parts), ratio: ratio, key: Random(seed, stream),
          into: operands.output(0).part(part, of: parts), mask: nil, options)
      }
    }
  }

  package var reusableInputs: [Int] { [0] }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(self, [try site.gradient(), site.inputs[1]]), nil]
  }
}
