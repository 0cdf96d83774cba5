import Graphs
package import Kernels
package import Tensors

/// Add (ai.onnx 7…): elementwise sum.
///
///     c = a + b          da = dc,  db = dc
///
/// Gradients of stretched operands are summed over the stretched axes. Shapes: A, B broadcastable → C.
/// Source: onnx/docs/Operators.md#Add.
package struct Add: BinaryElementwise, WithoutAttributes {
  package static let schema = OperatorSchema("Add", versions: 7..., inputs: ["A", "B"], outputs: ["C"])

  package init() {}

  package func apply(
    _ first: TensorView, _ second: TensorView, into output: TensorView, _ options: KernelOptions
  ) throws(OperatorError) {
    Elementwise.add(first, second, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dC = try site.gradient()
    return [
      site.needs(0) ? try gradient.sum(dC, toShapeOf: site.inputs[0]) : nil,
      site.needs(1) ? try gradient.sum(dC, toShapeOf: site.inputs[1]) : nil,
    ]
  }
}
