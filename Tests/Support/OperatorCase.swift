package import Graphs
package import Operators
package import Tensors

/// One operator with operands, attributes and what it should give, computed in Double.
///
/// `OperatorCheck` runs it in Float32 and Float64, with 1 and 4 threads, in place and as a view where the
/// operator says so, and checks its gradient.
package struct OperatorCase: Sendable, CustomStringConvertible {
  /// How the gradient is checked.
  package enum GradientMode: Sendable {
    /// Central differences along a random direction per operand.
    case check
    /// As `check`, with every element first moved to at least 0.1 from the given points.
    case kinkAware(at: [Double])
    /// Not at all, for the stated reason.
    case none(String)
  }

  /// What the case is about; unique together with the operator.
  package let name: String
  /// The operator.
  package let operatorName: OperatorName
  /// Operator-set version that the node follows.
  package let version: Int
  /// Operands by position; nil for absent ones.
  package let inputs: [ReferenceTensor?]
  /// Attributes.
  package let attributes: [Attribute]
  /// Number of results asked for.
  package let outputCount: Int
  /// Expected results from the operands that are there (absent ones are empty vectors).
  package let reference: @Sendable ([ReferenceTensor]) -> [ReferenceTensor]
  /// How far results may lie from the reference.
  package let tolerance: Tolerance
  /// How the gradient is checked.
  package let gradient: GradientMode
  /// Results into which gradients flow.
  package let gradientOutputs: [Int]
  /// Operands that have no gradient and are asked for none, although they are of a floating-point type.
  package let frozenOperands: [Int]
  /// How far the Float32 gradient may lie from the Float64 one.
  package let gradientTolerance: Tolerance
  /// Whether the case also runs with Float64 in place of Float32.
  package let runsInFloat64: Bool

  /// A case.
  package init(
    _ name: String, _ operatorName: OperatorName, version: Int = 24, inputs: [ReferenceTensor?] = [],
    attributes: [Attribute] = [], outputCount: Int = 1, tolerance: Tolerance = .exact,
    gradient: GradientMode = .check, gradientOutputs: [Int] = [0],
    frozenOperands: [Int] = [],
    gradientTolerance: Tolerance = .relativeToLargest(1e-5, reason: "a few roundings per element"),
    runsInFloat64: Bool = true,
    reference: @escaping @Sendable ([ReferenceTensor]) -> [ReferenceTensor]
  ) {
    self.name = name
    self.operatorName = operatorName
    self.version = version
    // The reference must see the numbers that Float32 operands hold.
    self.inputs = inputs.map { input in
      input?.type == .float32 ? input?.map { Double(Float($0)) } : input
    }
    self.attributes = attributes
    self.outputCount = outputCount
    self.reference = reference
    self.tolerance = tolerance
    self.gradient = gradient
    self.gradientOutputs = gradientOutputs
    self.frozenOperands = frozenOperands
    self.gradientTolerance = gradientTolerance
    self.runsInFloat64 = runsInFloat64
  }

  /// A case of a public operator with one result.
  package init(
    _ name: String, _ type: String, version: Int = 24, inputs: [ReferenceTensor?] = [],
    attributes: [Attribute] = [], tolerance: Tolerance = .exact, gradient: GradientMode = .check,
    frozenOperands: [Int] = [],
    gradientTolerance: Tolerance = .relativeToLargest(1e-5, reason: "a few roundings per element"),
    runsInFloat64: Bool = true,
    result: @escaping @Sendable ([ReferenceTensor]) -> ReferenceTensor
  ) {
    self.init(
      name, OperatorName(type), version: version, inputs: inputs, attributes: attributes,
      tolerance: tolerance, gradient: gradient, frozenOperands: frozenOperands,
      gradientTolerance: gradientTolerance,
      runsInFloat64: runsInFloat64
    ) { [result($0)] }
  }

  /// Operator, version and name.
  package var description: String { "\(operatorName) (\(version)), \(name)" }

  /// Floating-point types in which the case runs.
  package var floatingPointTypes: [ElementType] {
    runsInFloat64 && inputs.contains { $0?.type == .float32 } ? [.float32, .float64] : [.float32]
  }

  static func inputName(_ index: Int) -> String { "input\(index)" }
  static func outputName(_ index: Int) -> String { "output\(index)" }

  /// A graph of the one node, whose operands are inputs except for those that decide shapes.
  package func graph(_ floatingPoint: ElementType, registry: OperatorRegistry = .standard) throws
    -> LoweredGraph
  {
    let read = try registry.lower(node(attributes: attributes), version: version)
    var graph = LoweredGraph()
    for (index, input) in inputs.enumerated() {
      guard let input else { continue }
      let (name, tensor) = (Self.inputName(index), try input.tensor(floatingPoint))
      if read.shapeInputs.contains(name) {
        graph.add(tensor, named: name)
      } else {
        graph.types[name] = ValueType(tensor.elementType, tensor.shape)
        graph.inputs.append(name)
      }
    }
    let node = try graph.complete(read)
    let types = try node.operation.inferTypes(graph.inputTypes(of: node))
    guard types.count >= outputCount else {
      throw CheckFailure("\(self) infers \(types.count) types for \(outputCount) outputs")
    }
    for (output, type) in zip(node.outputs, types) { graph.types[output] = type }
    graph.nodes = [node]
    graph.outputs = node.outputs
    return graph
  }

  /// The operands as tensors, by name.
  package func feeds(_ floatingPoint: ElementType) throws -> [String: Tensor] {
    var feeds: [String: Tensor] = [:]
    for (index, input) in inputs.enumerated() {
      if let input { feeds[Self.inputName(index)] = try input.tensor(floatingPoint) }
    }
    return feeds
  }
}

extension ReadOperation {
  /// Names of the operands that decide shapes.
  package var shapeInputs: [String] {
    operation.decidingInputs.filter { $0 < inputs.count }.map { inputs[$0] }
  }
}

extension LoweredGraph {
  /// The node in the newest form; what it has as attributes and the newest form as operands becomes constants.
  package mutating func complete(_ read: ReadOperation) throws -> LoweredNode {
    let (node, constants) = try read.completed(in: self) { "given/\($0)" }
    for constant in constants { add(constant.value, named: constant.name) }
    return node
  }
}
