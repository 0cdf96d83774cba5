import Graphs
package import Kernels
package import Tensors

/// Rule kind for y = f(x), element by element.
package protocol UnaryElementwise: Narrowable, MemoryReusing {
  /// Element types that are implemented; floating point unless told otherwise.
  static var elementTypes: [ElementType] { get }

  /// Computes f from `input` into `output`, which may be the same memory.
  func apply(_ input: TensorView, into output: TensorView, _ options: KernelOptions)
}

extension UnaryElementwise {
  package static var elementTypes: [ElementType] { [.float32, .float64] }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: Self.elementTypes)
    return [inputs[0]]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    BoundKernel(inputs, .operations(inputs[0].shape.elementCount)) { operands in
      apply(operands[0], into: operands.output(0), options)
    }
  }

  package func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    .alike(operands: [0])
  }

  package var reusableInputs: [Int] { [0] }
}
