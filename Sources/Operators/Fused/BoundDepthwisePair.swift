import Kernels
import Tensors

/// The kernels of a depthwise pair, forward and backward, for maps and kernels of known types.
struct BoundDepthwisePair: Sendable {
  /// Bytes of scratch memory: the merged live windows, then what the kernel for Float32 needs.
  let scratchByteCount: Int
  private let form: DepthwiseForm
  private let geometry: DepthwiseGeometry
  private let options: KernelOptions
  /// The copy of the tokens in front of the map.
  private let prefix: StridedCopy?

  init(
    _ form: DepthwiseForm, _ inputs: InputTypes, _ options: KernelOptions
  ) throws(OperatorError) {
    let maps = inputs[0]
    let geometry = try form.geometry(maps, kernels: DepthwiseForm.kernels(inputs))
    let windows = geometry.windowByteCount(maps.elementType)
    scratchByteCount =
      maps.elementType == .float32
      ? (windows + 63) / 64 * 64 + DepthwiseDirect.scratchByteCount(geometry) : windows
    self.form = form
    self.geometry = geometry
    self.options = options
    let block = DataMovement.Block(strides: maps.shape.strides)
    prefix =
      form.prefix == 0
      ? nil : StridedCopy(block, block, extents: [maps.shape[0], form.prefix, maps.shape[2]])
  }

  /// A multiplication and an addition per element and tap of the live window.
  var operations: Int {
    let g = geometry
    return 2 &* g.batch &* g.channels &* g.mapCount &* g.windowHeight &* g.windowWidth
  }

  /// Y from X and the kernels.
  func forward(_ operands: Operands) {
    let (x, y) = (operands[0], operands.output(0))
    let window = merged(operands)
    copyPrefix(x, into: y)
    convolve(x, window, flipped: false, into: y, operands.scratch)
  }

  /// The gradients that are wanted, from X, the kernels and dY.
  func backward(_ operands: Operands) {
    let dy = operands[3]
    if let dx = operands.optionalOutput(0) {
      let window = merged(operands)
      copyPrefix(dy, into: dx)
      convolve(dy, window, flipped: true, into: dx, operands.scratch)
    }
    let large = operands.optionalOutput(1)
    let small = operands.optionalOutput(2)
    guard large != nil || small != nil else { return }
    let window = geometry.window(in: operands.scratch, dy.elementType)
    if let scratch = operands.scratch, dy.elementType == .float32 {
      DepthwiseDirect.windowGradient(
        operands[0], dy, geometry, into: window, scratch: behind(window, in: scratch), options)
    } else {
      DepthwiseWindow.windowGradient(operands[0], dy, geometry, into: window)
    }
    if let large {
      DepthwiseWindow.split(window, dilation: form.largeDilation, geometry, into: large, options)
    }
    if let small {
      DepthwiseWindow.split(window, dilation: form.smallDilation, geometry, into: small, options)
    }
  }

  private func merged(_ operands: Operands) -> TensorView {
    let window = geometry.window(in: operands.scratch, operands[0].elementType)
    DataMovement.clear(window)
    DepthwiseWindow.merge(operands[1], dilation: form.largeDilation, geometry, into: window, options)
    if let small = operands.optional(2) {
      DepthwiseWindow.merge(small, dilation: form.smallDilation, geometry, into: window, options)
    }
    return window
  }

  private func convolve(
    _ x: TensorView, _ window: TensorView, flipped: Bool, into y: TensorView, _ scratch: TensorView?
  ) {
    if let scratch, x.elementType == .float32 {
      DepthwiseDirect.convolve(
        x, window: window, flipped: flipped, geometry, into: y, scratch: behind(window, in: scratch), options)
    } else {
      DepthwiseWindow.convolve(x, window: window, flipped: flipped, geometry, into: y)
    }
  }

  /// Scratch memory behind the live windows.
  private func behind(_ window: TensorView, in scratch: TensorView) -> TensorView {
    let used = (window.byteCount + 63) / 64 * 64
    return TensorView(
      elementType: .uint8, shape: Shape([scratch.byteCount - used]), storage: scratch.storage,
      byteOffset: scratch.byteOffset + used)
  }

  private func copyPrefix(_ source: TensorView, into target: TensorView) {
    prefix?.run(source, into: target, KernelOptions(threads: 1, level: .portable))
  }
}
