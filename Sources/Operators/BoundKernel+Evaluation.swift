package import Kernels
package import Tensors

extension LoweredNode {
  /// Its operator bound to operands of the given types; a kernel that does nothing where no result has elements.
  ///
  /// - Parameter results: types of the results that are wanted.
  package func bind(
    _ inputs: InputTypes, results: [ValueType], _ options: KernelOptions
  ) throws(OperatorError) -> BoundKernel {
    guard results.contains(where: { $0.shape.elementCount > 0 }) else {
      return BoundKernel(inputs, .withoutArithmetic) { _ in }
    }
    return try operation.bind(inputs, options)
  }
}

extension BoundKernel {
  /// Computes results of the given types from known operands into fresh memory.
  package func evaluate(_ operands: [Tensor?], results types: [ValueType]) throws(OperatorError) -> [Tensor] {
    do {
      let aligned = try operands.map { try $0?.aligned() }
      let results = try types.map { try Tensor(zeros: $0.shape, of: $0.elementType) }
      let scratch = scratchByteCount == 0 ? nil : try Tensor(zeros: Shape([scratchByteCount]), of: .uint8)
      try run(
        Operands(
          inputs: aligned.map { $0.map(TensorView.init) }, outputs: results.map(TensorView.init),
          scratch: scratch.map(TensorView.init), prepared: try preparation?.make()))
      return results
    } catch let error as OperatorError {
      throw error
    } catch {
      throw OperatorError(.outOfMemory, "no memory for results of types \(types)")
    }
  }
}
