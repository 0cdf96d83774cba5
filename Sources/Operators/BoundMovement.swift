import Kernels
import Tensors

extension BoundKernel {
  /// The kernel of an operator whose result has the elements of operand 0 in their order.
  static func copying(_ inputs: InputTypes) -> BoundKernel {
    BoundKernel(inputs, .movement) { operands in
      DataMovement.copy(operands[0], into: operands.output(0))
    }
  }

  /// The kernel of an operator that fills its result with the elements of operand 0 that a block addresses.
  static func taking(
    _ block: DataMovement.Block, of inputs: InputTypes, into type: ValueType, _ options: KernelOptions
  ) -> BoundKernel {
    let copy = StridedCopy(
      block, DataMovement.Block(strides: type.shape.strides), extents: type.shape.extents)
    return BoundKernel(inputs, .movement) { operands in
      copy.run(operands[0], into: operands.output(0), options)
    }
  }
}
