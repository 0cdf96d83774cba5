import Graphs
package import Kernels
package import Tensors

/// Rule kind for c = f(a, b) on numbers of one type, with broadcasting.
package protocol BinaryElementwise: Narrowable, MemoryReusing {
  /// Computes f into `output`, which may be the memory of an operand of the same size.
  func apply(
    _ first: TensorView, _ second: TensorView, into output: TensorView, _ options: KernelOptions
  ) throws(OperatorError)
}

extension BinaryElementwise {
  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try Broadcasting.resultType(of: inputs)
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let count = try inferTypes(inputs)[0].shape.elementCount
    return BoundKernel(inputs, .operations(count)) { operands throws(OperatorError) in
      try apply(operands[0], operands[1], into: operands.output(0), options)
    }
  }

  /// An operand that is stretched along the axis is read whole.
  package func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    let shapes = [inputs[0].shape, inputs[1].shape]
    let rank = max(shapes[0].rank, shapes[1].rank)
    let varying = [0, 1].filter { index in
      let own = axis - (rank - shapes[index].rank)
      return own >= 0 && shapes[index][own] > 1
    }
    // In an operand of lower rank the axis has another number.
    return varying.allSatisfy { shapes[$0].rank == rank } ? .alike(operands: varying) : nil
  }

  package var reusableInputs: [Int] { [0, 1] }
}
