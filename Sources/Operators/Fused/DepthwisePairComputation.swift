import Graphs
import Kernels
import Tensors

/// The computation behind the depthwise pairs on maps and on tokens, and behind their gradients.
struct DepthwisePairComputation: Sendable {
  let form: DepthwiseForm

  init(_ form: DepthwiseForm) { self.form = form }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try DepthwiseForm.checkTypes(inputs)
    _ = try form.geometry(inputs[0], kernels: DepthwiseForm.kernels(inputs))
    return [inputs[0]]
  }

  func inferGradientTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    _ = try inferTypes(inputs)
    guard inputs[3] == inputs[0] else {
      throw .invalid("gradient has type \(inputs[3]), expected \(inputs[0])")
    }
    return [inputs[0], inputs[1], inputs.optional(2) ?? inputs[1]]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let kernels = try BoundDepthwisePair(form, inputs, options)
    return BoundKernel(
      inputs, .operations(kernels.operations), scratchByteCount: kernels.scratchByteCount,
      run: kernels.forward)
  }

  func bindGradient(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let kernels = try BoundDepthwisePair(form, inputs, options)
    // For the gradient of the maps, and for that of the window, where each is wanted.
    let products = inputs.outputCount > 1 ? 2 : 1
    return BoundKernel(
      inputs, .operations(kernels.operations &* products), scratchByteCount: kernels.scratchByteCount,
      run: kernels.backward)
  }

  func pullback(_ site: PullbackSite, _ operation: some Operator, into gradient: inout GradientBuilder)
    throws(OperatorError) -> [String?]
  {
    let names = (0..<3).map { site.needs($0) ? gradient.freshName(operation.name.type) : "" }
    guard names.contains(where: { !$0.isEmpty }) else { return [nil, nil, nil] }
    let operands = site.inputs + (site.inputs.count < 3 ? [""] : [])
    try gradient.emit(operation, operands + [try site.gradient()], outputs: names)
    return names.map { $0.isEmpty ? nil : $0 }
  }
}
