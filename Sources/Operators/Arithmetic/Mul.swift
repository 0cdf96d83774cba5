import Graphs
package import Kernels
package import Tensors

/// Mul (ai.onnx 7…): elementwise product.
///
///     c = a · b          da = dc · b,  db = dc · a
///
/// Gradients of stretched operands are summed over the stretched axes. Shapes: A, B broadcastable → C.
/// Source: onnx/docs/Operators.md#Mul.
package struct Mul: BinaryElementwise, WithoutAttributes {
  package static let schema = OperatorSchema("Mul", versions: 7..., inputs: ["A", "B"], outputs: ["C"])

  package init() {}

  package func apply(
    _ first: TensorView, _ second: TensorView, into output: TensorView, _ options: KernelOptions
  ) throws(OperatorError) {
    Elementwise.multiply(first, second, into: output, options)
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dC = try site.gradient()
    var results: [String?] = [nil, nil]
    for index in 0..<2 where site.needs(index) {
      let product = try gradient.emit(Mul(), [dC, site.inputs[1 - index]])
      results[index] = try gradient.sum(product, toShapeOf: site.inputs[index])
    }
    return results
  }
}
