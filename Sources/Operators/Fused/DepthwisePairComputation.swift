import Graphs
import Kernels
import Tensors

/// The computation behind the depthwise pairs on maps and on tokens, and behind their gradients.
struct DepthwisePairComputation: Sendable {
  let form: DepthwiseForm

  init(_ form: DepthwiseForm) { self.form = form }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try DepthwiseForm.checkTypes(inputs)
    _ = try form.geometry(inputs[0], kernels: [inputs[1].shape, inputs[2].shape])
    return [inputs[0]]
  }

  func inferGradientTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    _ = try inferTypes(inputs)
    guard inputs[3] == inputs[0] else {
      throw .invalid("gradient has type \(inputs[3]), expected \(inputs[0])")
    }
    return [inputs[0], inputs[1], inputs[2]]
  }

  func scratchByteCount(_ inputs: InputTypes, _ options: KernelOptions) -> Int {
    guard let geometry = try? form.geometry(inputs[0], kernels: [inputs[1].shape, inputs[2].shape])
    else {
      return 0
    }
    let windows = geometry.windowByteCount(inputs[0].elementType)
    guard inputs[0].elementType == .float32 else { return windows }
    return (windows + 63) / 64 * 64 + DepthwiseDirect.scratchByteCount(geometry)
  }

  /// A multiplication and an addition per element and tap of the live window.
  func operations(_ inputs: InputTypes) -> Int {
    guard let g = try? form.geometry(inputs[0], kernels: [inputs[1].shape, inputs[2].shape]) else {
      return 0
    }
    return 2 &* g.batch &* g.channels &* g.mapCount &* g.windowHeight &* g.windowWidth
  }

  /// The same for the gradient of the maps, and for that of the window, where each is wanted.
  func gradientOperations(_ inputs: InputTypes) -> Int {
    operations(inputs) &* (inputs.outputCount > 1 ? 2 : 1)
  }

  func evaluate(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    let x = operands[0]
    let y = operands.output(0)
    let geometry = try geometry(operands)
    let window = merged(operands, geometry, context.options)
    copyPrefix(x, into: y)
    convolve(x, window, flipped: false, geometry, into: y, operands.scratch, context.options)
  }

  func evaluateGradient(_ operands: Operands, _ context: ExecutionContext) throws(OperatorError) {
    let dy = operands[3]
    let geometry = try geometry(operands)
    if let dx = operands.optionalOutput(0) {
      let window = merged(operands, geometry, context.options)
      copyPrefix(dy, into: dx)
      convolve(dy, window, flipped: true, geometry, into: dx, operands.scratch, context.options)
    }
    let large = operands.optionalOutput(1)
    let small = operands.optionalOutput(2)
    guard large != nil || small != nil else { return }
    let window = geometry.window(in: operands.scratch, dy.elementType)
    if let scratch = operands.scratch, dy.elementType == .float32 {
      DepthwiseDirect.windowGradient(
        operands[0], dy, geometry, into: window, scratch: behind(window, in: scratch), context.options)
    } else {
      DepthwiseWindow.windowGradient(operands[0], dy, geometry, into: window)
    }
    if let large {
      DepthwiseWindow.split(
        window, dilation: form.largeDilation, geometry, into: large, context.options)
    }
    if let small {
      DepthwiseWindow.split(
        window, dilation: form.smallDilation, geometry, into: small, context.options)
    }
  }

  func pullback(_ site: PullbackSite, _ operation: some Operator, into gradient: inout GradientBuilder)
    throws(OperatorError) -> [String?]
  {
    let names = (0..<3).map { site.needs($0) ? gradient.freshName(operation.name.type) : "" }
    guard names.contains(where: { !$0.isEmpty }) else { return [nil, nil, nil] }
    try gradient.emit(operation, site.inputs + [try site.gradient()], outputs: names)
    return names.map { $0.isEmpty ? nil : $0 }
  }

  private func geometry(_ operands: Operands) throws(OperatorError) -> DepthwiseGeometry {
    try form.geometry(
      ValueType(operands[0].elementType, operands[0].shape),
      kernels: [operands[1].shape, operands[2].shape])
  }

  private func merged(_ operands: Operands, _ geometry: DepthwiseGeometry, _ options: KernelOptions)
    -> TensorView
  {
    let window = geometry.window(in: operands.scratch, operands[0].elementType)
    DataMovement.clear(window)
    DepthwiseWindow.merge(
      operands[1], dilation: form.largeDilation, geometry, into: window, options)
    DepthwiseWindow.merge(
      operands[2], dilation: form.smallDilation, geometry, into: window, options)
    return window
  }

  private func convolve(
    _ x: TensorView, _ window: TensorView, flipped: Bool, _ geometry: DepthwiseGeometry, into y: TensorView,
    _ scratch: TensorView?, _ options: KernelOptions
  ) {
    if let scratch, x.elementType == .float32 {
      DepthwiseDirect.convolve(
        x, window: window, flipped: flipped, geometry, into: y, scratch: behind(window, in: scratch), options)
    } else {
      DepthwiseWindow.convolve(x, window: window, flipped: flipped, geometry, into: y)
    }
  }

  /// Scratch memory behind the live windows, which `scratchByteCount` asked for.
  private func behind(_ window: TensorView, in scratch: TensorView) -> TensorView {
    let used = (window.byteCount + 63) / 64 * 64
    return TensorView(
      elementType: .uint8, shape: Shape([scratch.byteCount - used]), storage: scratch.storage,
      byteOffset: scratch.byteOffset + used)
  }

  /// Copies the tokens in front of the map.
  private func copyPrefix(_ source: TensorView, into target: TensorView) {
    guard form.prefix > 0 else { return }
    let shape = source.shape
    let block = DataMovement.Block(strides: shape.strides)
    DataMovement.copy(
      source, block, into: target, block, extents: [shape[0], form.prefix, shape[2]],
      KernelOptions(threads: 1, level: .portable))
  }
}
