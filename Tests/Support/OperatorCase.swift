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
    let names = inputs.enumerated().map { $1 == nil ? "" : Self.inputName($0) }
    let node = Node(
      operatorName, inputs: names, outputs: (0..<outputCount).map(Self.outputName), attributes: attributes)
    let lowered = try registry.lower(node, version: version)
    var graph = LoweredGraph()
    for (index, input) in inputs.enumerated() {
      guard let input else { continue }
      let tensor = try input.tensor(floatingPoint)
      graph.types[names[index]] = ValueType(tensor.elementType, tensor.shape)
      if lowered.operation.decidingInputs.contains(index) {
        graph.constants[names[index]] = tensor
      } else {
        graph.inputs.append(names[index])
      }
    }
    let types = try lowered.operation.inferTypes(graph.inputTypes(of: node))
    guard types.count >= outputCount else {
      throw CheckFailure("\(self) infers \(types.count) types for \(outputCount) outputs")
    }
    for (output, type) in zip(node.outputs, types) { graph.types[output] = type }
    graph.nodes = [lowered]
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
