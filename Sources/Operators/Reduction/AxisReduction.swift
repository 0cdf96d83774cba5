package import Graphs
package import Kernels
package import Tensors

/// Which axes a reduction covers and whether they stay with extent 1.
package struct ReducedAxes: Sendable {
  /// Whether the reduced axes stay, with extent 1.
  package let keepsAxes: Bool
  private let isNothingWhenEmpty: Bool

  /// The axes of operand 1, or all of them.
  init(keepsAxes: Bool) {
    self.keepsAxes = keepsAxes
    isNothingWhenEmpty = false
  }

  init(_ node: AttributeReader) throws(OperatorError) {
    keepsAxes = try node.flag("keepdims", default: true)
    isNothingWhenEmpty = try node.flag("noop_with_empty_axes", default: false)
  }

  package var attributes: [Attribute] {
    [Attribute("keepdims", keepsAxes ? 1 : 0)]
      + (isNothingWhenEmpty ? [Attribute("noop_with_empty_axes", 1)] : [])
  }

  /// The reduced axes, counted from the front; all of them where none are given and `noop_with_empty_axes` is 0.
  func axes(_ inputs: InputTypes) throws(OperatorError) -> [Int] {
    let rank = inputs[0].shape.rank
    if let axes = try inputs.axes(1, rank: rank), !axes.isEmpty { return axes }
    return isNothingWhenEmpty ? [] : Array(0..<rank)
  }

  /// Shape of the result.
  func shape(_ inputs: InputTypes) throws(OperatorError) -> Shape {
    let axes = try axes(inputs)
    guard !keepsAxes else { return Self.keeping(axes, of: inputs[0].shape) }
    return Shape(inputs[0].shape.extents.enumerated().filter { !axes.contains($0.offset) }.map(\.element))
  }

  /// A shape with extent 1 along the given axes.
  static func keeping(_ axes: [Int], of shape: Shape) -> Shape {
    Shape(shape.extents.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
  }
}

/// Rule kind for reductions over axes.
package protocol AxisReduction: ShapeDeciding, OlderForm {
  /// What is computed.
  static var kind: Reduction.Kind { get }
  /// Element types that are implemented; numbers unless told otherwise.
  static var elementTypes: [ElementType] { get }
  /// First version of the operator set in which the axes are operand 1 rather than an attribute.
  static var axesAreOperandSince: Int { get }
  /// Which axes.
  var axes: ReducedAxes { get }

  init(axes: ReducedAxes)

  /// Emits the gradient of the operand, which broadcasts to the operand's shape.
  ///
  /// - Parameters:
  ///   - y: the result, with the reduced axes kept.
  ///   - dy: its gradient, with the reduced axes kept.
  ///   - count: number of elements per result.
  func gradient(
    of x: String, y: String, dy: String, axes: [Int], count: Int, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String
}

extension AxisReduction {
  package static var elementTypes: [ElementType] { [.float32, .float64, .int64, .int32] }
  package static var axesAreOperandSince: Int { 18 }

  /// A reduction over the axes of operand 1, or over all.
  package init(keepsAxes: Bool = true) { self.init(axes: ReducedAxes(keepsAxes: keepsAxes)) }

  package init(reading node: AttributeReader) throws(OperatorError) {
    self.init(axes: try ReducedAxes(node))
  }

  package static func operands(of node: AttributeReader) throws(OperatorError) -> [FormOperand] {
    try node.operandsWithAxes(since: axesAreOperandSince)
  }

  package var attributes: [Attribute] { axes.attributes }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: Self.elementTypes)
    return [ValueType(inputs[0].elementType, try axes.shape(inputs))]
  }

  package var shapeInputs: [Int] { [1] }

  /// The reduced axes, counted from the front.
  package func reducedAxes(_ inputs: InputTypes) throws(OperatorError) -> [Int] { try axes.axes(inputs) }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let walk = ReductionWalk(inputs[0].shape, axes: try axes.axes(inputs))
    let squares = Self.kind == .sumOfSquares || Self.kind == .euclideanNorm
    let count = (squares ? 2 : 1) &* inputs[0].shape.elementCount
    return BoundKernel(inputs, .operations(count)) { operands in
      Reduction.apply(Self.kind, operands[0], walk, into: operands.output(0), options)
    }
  }

  package func pullback(_ site: PullbackSite, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let shape = builder.shape(site.inputs[0])
    let reduced = try axes.axes(builder.graph.inputTypes(of: site.node))
    let kept = ReducedAxes.keeping(reduced, of: shape)
    let dY = try builder.reshape(try site.gradient(), to: kept)
    let y = try builder.reshape(site.outputs[0], to: kept)
    let count = reduced.reduce(1) { $0 * shape.extents[$1] }
    var dX = try gradient(of: site.inputs[0], y: y, dy: dY, axes: reduced, count: count, &builder)
    if builder.shape(dX) != shape {
      dX = try builder.emit(Expand(), [dX, try builder.constant(shape.extents)])
    }
    return [dX, nil]
  }
}

extension AxisReduction {
  /// Shares the gradient among the elements that equal the result.
  static func gradientOfExtreme(
    _ x: String, y: String, dy: String, axes: [Int], _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String {
    let reaches = try builder.cast(try builder.emit(Equal(), [x, y]), like: dy)
    guard !axes.isEmpty else { return try builder.emit(Mul(), [dy, reaches]) }
    let count = try builder.emit(ReduceSum(), [reaches, try builder.constant(axes)])
    return try builder.emit(Mul(), [reaches, try builder.emit(Div(), [dy, count])])
  }
}
