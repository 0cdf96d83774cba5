import Graphs
package import Kernels
package import Tensors

/// Relu (ai.onnx 6…): the positive part.
///
///     y = max(x, 0)          dx = dy where y > 0, else 0
///
/// Shapes: X any → Y like X.
/// Source: onnx/docs/Operators.md#Relu.
package struct Relu: UnaryElementwise, WithoutAttributes {
  package static let schema = OperatorSchema("Relu", versions: 6..., inputs: ["X"], outputs: ["Y"])
  package static let elementTypes: [ElementType] = ElementType.numbers

  package init() {}

  package func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.relu(input, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    [try gradient.emit(ReluGradient(), [site.outputs[0], try site.gradient()])]
  }
}

/// The gradient of Relu in one pass, from its result.
///
///     dx = dy where y > 0, else 0
///
/// Domain dka.gradient: exists in plans only. Shapes: Y any, dY like Y → dX like Y.
struct ReluGradient: Decomposable, MemoryReusing, WithoutAttributes {
  static let schema = OperatorSchema(
    "ReluGradient", domain: "dka.gradient", versions: 1..., inputs: ["Y", "dY"], outputs: ["dX"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    guard inputs[0] == inputs[1] else { throw .invalid("inputs are \(inputs[0]) and \(inputs[1])") }
    return [inputs[0]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .operations(inputs[0].shape.elementCount)) { operands in
      Elementwise.reluGradient(operands[0], operands[1], into: operands.output(0), options)
    }
  }

  var reusableInputs: [Int] { [0, 1] }

  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let zero = try builder.scalar(0, like: node.inputs[0])
    let isPositive = try builder.emit(Greater(), [node.inputs[0], zero])
    return [try builder.emit(Where(), [isPositive, node.inputs[1], zero])]
  }
}
