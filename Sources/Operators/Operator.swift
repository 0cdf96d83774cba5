package import Graphs
package import Kernels
package import Tensors

/// Element type and extents of a value, known before anything runs.
package struct ValueType: Hashable, Sendable, CustomStringConvertible {
  /// Type of the elements.
  package var elementType: ElementType
  /// Extent per axis.
  package var shape: Shape

  /// A type.
  package init(_ elementType: ElementType, _ shape: Shape) {
    self.elementType = elementType
    self.shape = shape
  }

  /// Axes that a value of a model may have, as NumPy has it.
  package static let largestRank = 64

  /// Size of such a value in bytes.
  package var byteCount: Int { elementType.byteCount(of: shape.elementCount) ?? 0 }

  /// `float[1,197,768]`.
  package var description: String { elementType.name + shape.description }
}

/// One ONNX operator with its attributes read: one file, one registry line.
///
/// A value has the form of the newest operator set; what older ones say otherwise is resolved where a file is read.
/// Shapes are known before a model runs (they are bound and inferred first), so all that depends on them is worked out once, in
/// `bind`. What else an operator can do is a protocol of its own: `Rearranging`, `MemoryReusing`, `ShapeDeciding`, ….
/// An instance is a value without state.
package protocol Operator: Sendable {
  /// Name, versions and operands.
  static var schema: OperatorSchema { get }

  /// Reads the attributes once and refuses by name what is not implemented.
  init(reading node: AttributeReader) throws(OperatorError)

  /// The attributes of the newest operator set's form, from which `init(reading:)` makes an equal value.
  ///
  /// Operators of one name with equal attributes compute alike where they read and make as many values.
  var attributes: [Attribute] { get }

  /// Types of the results, as many as the node may have, from the operands' types and known values.
  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType]

  /// The kernel for operands of these types, with threads and instructions as the options say.
  ///
  /// Asked for only where a result has elements: without one nothing is computed, and an operand without elements may still have
  /// any extent, over which no loop should run.
  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel

  /// Emits nodes that compute the gradients of the operands from those of the results.
  ///
  /// Returns one name per operand, nil for operands without gradient. `site.needs` says which are wanted.
  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError) -> [String?]
}

extension Operator {
  /// Domain and type.
  package var name: OperatorName { Self.schema.name }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    throw OperatorError(.notDifferentiable, "\(Self.schema.name) has no gradient")
  }
}

/// The operands' types and, where known before the model runs, their values.
package struct InputTypes {
  /// Type per operand, nil for absent ones.
  package let types: [ValueType?]
  /// Value per operand where it is known.
  package let constants: [Tensor?]
  /// Number of results that the node names.
  package let outputCount: Int

  /// Types and known values of a node's operands.
  package init(types: [ValueType?], constants: [Tensor?], outputCount: Int) {
    self.types = types
    self.constants = constants
    self.outputCount = outputCount
  }

  /// Number of operands, absent ones included.
  package var count: Int { types.count }

  /// Type of an operand that the schema requires.
  package subscript(index: Int) -> ValueType {
    guard index < types.count, let type = types[index] else {
      preconditionFailure("operand \(index) is required by the schema and was checked")
    }
    return type
  }

  /// Type of an operand that may be absent.
  package func optional(_ index: Int) -> ValueType? { index < types.count ? types[index] : nil }

  /// Value of an operand where it is known.
  package func known(_ index: Int) -> Tensor? { index < constants.count ? constants[index] : nil }

  /// Value of an operand that decides a shape; nil where the operand is absent.
  ///
  /// - Throws: `needsConstant` where the operand is there but its value is not known.
  package func constant(_ index: Int) throws(OperatorError) -> Tensor? {
    guard optional(index) != nil else { return nil }
    guard let constant = known(index) else {
      throw OperatorError(
        .needsConstant, "input \(index) decides a shape and is not known before the model runs")
    }
    return constant
  }

  /// Integers of an operand that decides a shape; nil where the operand is absent.
  package func integers(_ index: Int) throws(OperatorError) -> [Int]? {
    guard let tensor = try constant(index) else { return nil }
    guard let integers = tensor.integers else {
      throw .invalid("input \(index) has type \(tensor.elementType.name), expected int64")
    }
    return integers
  }

  /// Refuses operands whose element type is none of the given ones.
  package func require(_ index: Int, isOneOf types: [ElementType]) throws(OperatorError) {
    let found = self[index].elementType
    guard types.contains(found) else {
      let known = types.map(\.name).joined(separator: ", ")
      throw .unsupported("input \(index) has element type \(found.name), implemented: \(known)")
    }
  }

  /// Refuses operands that differ in element type.
  package func requireSameType(_ indices: Range<Int>) throws(OperatorError) {
    let present = indices.compactMap { optional($0)?.elementType }
    guard let first = present.first, let other = present.first(where: { $0 != first }) else { return }
    throw .invalid("inputs have element types \(first.name) and \(other.name)")
  }
}

/// Operands and results of one evaluation.
package struct Operands {
  private var inputs: [TensorView?]
  private var outputs: [TensorView?]
  /// Scratch memory as large as the kernel asked for.
  package let scratch: TensorView?
  /// What was made of constant operands, where the kernel has a `preparation`.
  package let prepared: (any PreparedConstants)?

  /// Views of operands and results.
  package init(
    inputs: [TensorView?], outputs: [TensorView?], scratch: TensorView? = nil,
    prepared: (any PreparedConstants)? = nil
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.scratch = scratch
    self.prepared = prepared
  }

  /// Puts another view of the same type in place of an operand.
  package mutating func setInput(_ index: Int, to view: TensorView?) { inputs[index] = view }

  /// Puts another view of the same type in place of a result.
  package mutating func setOutput(_ index: Int, to view: TensorView?) { outputs[index] = view }

  /// Number of operands, absent ones included.
  package var count: Int { inputs.count }

  /// Number of results, unwanted ones included.
  package var outputCount: Int { outputs.count }

  /// An operand that the schema requires.
  package subscript(index: Int) -> TensorView {
    guard index < inputs.count, let view = inputs[index] else {
      preconditionFailure("operand \(index) is required by the schema and was checked")
    }
    return view
  }

  /// An operand that may be absent.
  package func optional(_ index: Int) -> TensorView? { index < inputs.count ? inputs[index] : nil }

  /// Result 0, or another that the schema requires.
  package func output(_ index: Int) -> TensorView {
    guard index < outputs.count, let view = outputs[index] else {
      preconditionFailure("result \(index) is required by the schema")
    }
    return view
  }

  /// A result that the node may not want.
  package func optionalOutput(_ index: Int) -> TensorView? { index < outputs.count ? outputs[index] : nil }
}

/// What an evaluation may use besides its operands.
package struct ExecutionContext: Sendable {
  /// Threads and kernels.
  package var options: KernelOptions
  /// Bytes that planned memory may take; nil stands for what is free when it is planned.
  package var memoryLimit: Int?

  /// A context.
  package init(options: KernelOptions, memoryLimit: Int? = nil) {
    self.options = options
    self.memoryLimit = memoryLimit
  }

  /// How much memory may be planned now.
  package var memoryBudget: MemoryBudget { MemoryBudget(limit: memoryLimit) }
}
