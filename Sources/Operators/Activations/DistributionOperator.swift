package import Graphs
package import Kernels
import Tensors

/// Softmax or LogSoftmax: distributions along an axis.
package protocol DistributionOperator: Narrowable, MemoryReusing {
  /// The operator that computes the gradient from the result.
  associatedtype Gradient: DistributionGradient

  /// The axes of a distribution.
  var axes: SoftmaxAxes { get }

  init(axes: SoftmaxAxes)
}

extension DistributionOperator {
  package init(reading node: AttributeReader) throws(OperatorError) {
    self.init(axes: try SoftmaxAxes(node))
  }

  package var attributes: [Attribute] { axes.attributes }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try axes.check(inputs[0].shape)
    return [inputs[0]]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let layout = axes.layout(inputs[0].shape)
    // Difference, power, sum and quotient.
    return BoundKernel(inputs, .operations(4 &* inputs[0].shape.elementCount)) { operands in
      Distribution.apply(
        operands[0], layout, isLogarithm: Gradient.isLogarithm, into: operands.output(0), options)
    }
  }

  package var reusableInputs: [Int] { [0] }

  package func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    axes.narrowing(axis: axis, of: inputs[0].shape)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let operation = Gradient(layout: axes.layout(gradient.shape(site.inputs[0])))
    return [try gradient.emit(operation, [site.outputs[0], try site.gradient()])]
  }
}

/// The gradient of Softmax or LogSoftmax in one pass, from its result.
///
/// Domain dka.gradient: exists in plans only. Attribute `layout`: extents before, along and after the axis. Shapes:
/// Y any, dY like Y → dX like Y.
package protocol DistributionGradient: Decomposable, MemoryReusing {
  /// Whether Y holds logarithms.
  static var isLogarithm: Bool { get }

  /// The extents.
  var layout: Distribution.Layout { get }

  init(layout: Distribution.Layout)

  /// Emits standard operators that compute dX from Y and dY, all three with the shape of `layout`.
  func gradientInLayout(
    _ y: String, _ flow: String, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> String
}

extension DistributionGradient {
  package init(reading node: AttributeReader) throws(OperatorError) {
    guard let extents = try node.optionalInts("layout"), let layout = Distribution.Layout(extents) else {
      throw .invalid("attribute 'layout' is not three extents")
    }
    self.init(layout: layout)
  }

  package var attributes: [Attribute] { [Attribute("layout", [layout.outer, layout.n, layout.inner])] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    guard inputs[0] == inputs[1] else { throw .invalid("inputs are \(inputs[0]) and \(inputs[1])") }
    guard layout.shape.elementCount == inputs[0].shape.elementCount else {
      throw .invalid("attribute 'layout' is \(layout.shape), which does not fit \(inputs[0].shape)")
    }
    return [inputs[0]]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    // Product or power, sum, difference and product.
    BoundKernel(inputs, .operations(4 &* inputs[0].shape.elementCount)) { operands in
      Distribution.gradient(
        operands[0], operands[1], layout, isLogarithm: Self.isLogarithm, into: operands.output(0), options)
    }
  }

  package var reusableInputs: [Int] { [1] }

  package func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let y = try builder.reshape(node.inputs[0], to: layout.shape)
    let flow = try builder.reshape(node.inputs[1], to: layout.shape)
    let gradient = try gradientInLayout(y, flow, &builder)
    return [try builder.reshape(gradient, to: builder.shape(node.inputs[0]))]
  }
}
