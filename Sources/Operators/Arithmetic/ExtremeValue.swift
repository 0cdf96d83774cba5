import Graphs
package import Kernels
package import Tensors

/// What Min and Max share: any number of operands, folded from the left.
///
///     da_i = dc · [a_i = c] / (how many operands reach c)
package protocol ExtremeValue: MemoryReusing {
  /// The better of two, broadcast.
  func choose(_ a: TensorView, _ b: TensorView, into c: TensorView, _ options: KernelOptions)
}

extension ExtremeValue {
  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    guard inputs.count > 0 else { throw .invalid("has no inputs, expected at least 1") }
    return try Broadcasting.resultType(of: inputs)
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let count = inputs.count
    let elements = try inferTypes(inputs)[0].shape.elementCount
    return BoundKernel(inputs, .operations((count - 1) &* elements)) { operands in
      let result = operands.output(0)
      guard count > 1 else { return DataMovement.copy(operands[0], into: result) }
      choose(operands[0], operands[1], into: result, options)
      for index in 2..<count { choose(result, operands[index], into: result, options) }
    }
  }

  // Later operands are read after the result has been written.
  package var reusableInputs: [Int] { [0, 1] }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let dC = try site.gradient()
    guard site.inputs.count > 1 else { return [dC] }
    var reaches: [String] = []
    for input in site.inputs {
      let isReached = try gradient.emit(Equal(), [input, site.outputs[0]])
      reaches.append(try gradient.cast(isReached, like: dC))
    }
    var count = reaches[0]
    for reach in reaches.dropFirst() { count = try gradient.emit(Add(), [count, reach]) }
    let share = try gradient.emit(Div(), [dC, count])
    var results: [String?] = []
    for (index, input) in site.inputs.enumerated() {
      guard site.needs(index) else {
        results.append(nil)
        continue
      }
      let own = try gradient.emit(Mul(), [share, reaches[index]])
      results.append(try gradient.sum(own, toShapeOf: input))
    }
    return results
  }
}
