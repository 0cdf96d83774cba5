import Graphs
package import Tensors

/// Where a pullback stands: the forward node, the gradients of its results, and which operands need one.
package struct PullbackSite {
  /// The forward node.
  package let node: LoweredNode
  /// Gradient per result; nil where no gradient flows into it.
  package let outputGradients: [String?]
  /// Whether each operand needs a gradient.
  ///
  /// No work is done for the others.
  package let needs: [Bool]

  /// A site.
  package init(node: LoweredNode, outputGradients: [String?], needs: [Bool]) {
    self.node = node
    self.outputGradients = outputGradients
    self.needs = needs
  }

  /// Names of the operands.
  package var inputs: [String] { node.inputs }
  /// Names of the results.
  package var outputs: [String] { node.outputs }

  /// Gradient of the first result.
  ///
  /// - Throws: `notDifferentiable` where gradients flow only into other results.
  package func gradient() throws(OperatorError) -> String {
    guard let gradient = outputGradients.first ?? nil else {
      throw OperatorError(.notDifferentiable, "a gradient flows into another result than the first")
    }
    return gradient
  }

  /// Whether an operand is there and needs a gradient.
  package func needs(_ index: Int) -> Bool { index < needs.count && needs[index] }
}

/// Appends nodes to a lowered graph, typing each at once; pullbacks and passes emit through it.
package struct GradientBuilder {
  /// The graph so far.
  package private(set) var graph: LoweredGraph
  /// What the nodes that are appended from now on are made for.
  package var origin: LoweredNode.Origin?
  private let prefix: String
  private var counter = 0

  /// A builder that appends to `graph` and names new values `prefix` + number.
  package init(extending graph: LoweredGraph, prefix: String) {
    self.graph = graph
    self.prefix = prefix
  }

  /// Type of a value.
  package func type(_ value: String) -> ValueType { graph.type(value) }

  /// Shape of a value.
  package func shape(_ value: String) -> Shape { graph.type(value).shape }

  /// The known value of a name, or nil.
  package func constant(_ value: String) -> Tensor? { graph.constants[value] }

  /// A name that nobody uses yet.
  package mutating func freshName(_ hint: String) -> String {
    var name: String
    repeat {
      counter += 1
      name = "\(prefix)\(counter)/\(hint)"
    } while graph.types[name] != nil
    return name
  }

  /// Appends a node with one result and returns its name.
  package mutating func emit(_ operation: some Operator, _ inputs: [String]) throws(OperatorError) -> String {
    try emit(operation, inputs, resultCount: 1)[0]
  }

  /// Appends a node with several results and returns their names.
  package mutating func emit(_ operation: some Operator, _ inputs: [String], resultCount: Int)
    throws(OperatorError) -> [String]
  {
    let outputs = (0..<resultCount).map { _ in freshName(operation.name.type) }
    try emit(operation, inputs, outputs: outputs)
    return outputs
  }

  /// Appends a node whose results have names; an empty one is not wanted.
  package mutating func emit(_ operation: some Operator, _ inputs: [String], outputs: [String])
    throws(OperatorError)
  {
    var node = LoweredNode(operation, inputs, outputs: outputs)
    node.origin = origin
    let types = try operation.inferTypes(graph.inputTypes(of: node))
    for (output, type) in zip(outputs, types) where !output.isEmpty { graph.types[output] = type }
    graph.nodes.append(node)
  }

  /// Adds a constant and returns its name.
  package mutating func constant(_ tensor: Tensor, named hint: String = "constant") -> String {
    let name = freshName(hint)
    graph.add(tensor, named: name)
    return name
  }

  /// Adds a vector of int64 and returns its name.
  package mutating func constant(_ integers: [Int]) throws(OperatorError) -> String {
    constant(try tensor(integers.map(Int64.init), shape: Shape([integers.count])))
  }

  /// Adds a scalar of a floating-point type and returns its name.
  package mutating func scalar(_ value: Double, like other: String) throws(OperatorError) -> String {
    switch type(other).elementType {
    case .float32: constant(try tensor([Float(value)], shape: []))
    case .float64: constant(try tensor([value], shape: []))
    case let found: throw OperatorError(.notDifferentiable, "no gradient flows through \(found.name)")
    }
  }

  /// Sums a gradient over the axes that broadcasting had stretched, so that it has the operand's shape.
  package mutating func sum(_ gradient: String, toShapeOf operand: String) throws(OperatorError) -> String {
    let source = shape(gradient)
    let target = shape(operand)
    guard source != target else { return gradient }
    let missing = source.rank - target.rank
    let axes = (0..<source.rank).filter { axis in
      axis < missing || (target.extents[axis - missing] == 1 && source.extents[axis] != 1)
    }
    var result = gradient
    if !axes.isEmpty {
      result = try emit(ReduceSum(), [gradient, try constant(axes)])
    }
    return missing == 0 ? result : try reshape(result, to: target)
  }

  /// Reshapes a value.
  package mutating func reshape(_ value: String, to shape: Shape) throws(OperatorError) -> String {
    guard self.shape(value) != shape else { return value }
    // `allowzero` keeps an extent of zero what it is.
    let operation = Reshape(allowsZero: shape.extents.contains(0))
    return try emit(operation, [value, try constant(shape.extents)])
  }

  /// Changes the graph's outputs.
  package mutating func setOutputs(_ outputs: [String]) { graph.outputs = outputs }

  /// Makes a value the content of a variable after each run.
  package mutating func addUpdate(of variable: String, to value: String) {
    graph.updates.append(.init(variable: variable, value: value))
  }

  /// Declares a tensor that may change between runs.
  package mutating func addVariable(_ name: String, start: Tensor) {
    graph.types[name] = ValueType(start.elementType, start.shape)
    graph.variables[name] = start
  }

  /// Declares a value that is fed at each run.
  package mutating func addInput(_ name: String, type: ValueType) {
    graph.types[name] = type
    graph.inputs.append(name)
  }

  private func tensor<Element: Scalar>(_ elements: [Element], shape: Shape) throws(OperatorError) -> Tensor {
    do { return try Tensor(elements, shape: shape) } catch {
      throw OperatorError(.outOfMemory, "no memory for a constant of \(elements.count) elements")
    }
  }
}
