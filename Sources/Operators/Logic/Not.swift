import Graphs
import Kernels
import Tensors

/// Not (ai.onnx 1…): the opposite truth value.
///
/// Shapes: X any → Y like X. Source: onnx/docs/Operators.md#Not.
struct Not: UnaryElementwise, WithoutAttributes {
  static let schema = OperatorSchema("Not", versions: 1..., inputs: ["X"], outputs: ["Y"])
  static let elementTypes: [ElementType] = [.bool]

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .withoutArithmetic) { operands in
      apply(operands[0], into: operands.output(0), options)
    }
  }

  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions) {
    Elementwise.not(input, into: output, options)
  }
}
