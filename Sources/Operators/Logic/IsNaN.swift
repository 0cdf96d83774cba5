import Graphs
import Kernels
import Tensors

/// IsNaN (ai.onnx 9…): whether an element is not a number.
///
/// Shapes: X any → Y of truth values, like X. Source: onnx/docs/Operators.md#IsNaN.
struct IsNaN: WithoutAttributes {
  static let schema = OperatorSchema("IsNaN", versions: 9..., inputs: ["X"], outputs: ["Y"])

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    return [ValueType(.bool, inputs[0].shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      Elementwise.isNaN(operands[0], into: operands.output(0), options)
    }
  }
}
