internal import CKernels
package import Tensors

/// Convolution of maps whose channels lie side by side, forward and backward.
///
///     y[b, i, j, m] = activation(Σ(u, v, c) x[b, i · s + u · d − p, j · s + v · d − p, c] · w[m, c, u, v] + bias[m] + residual)
///     dx[b, h, w, c] = Σ(u, v, m) dy[b, (h + p − u · d) / s, (w + p − v · d) / s, m] · w[m, c, u, v] where s divides
///
/// Shapes: x [B, H, W, C], w [M, C/group, KH, KW], bias [M], residual and y [B, OH, OW, M]. Float32: products whose left side is
/// read from the maps while it is packed, so no matrix of columns exists; depthwise ones tap by tap over vectors of channels. An
/// element is summed over taps, then channels, in blocks of fixed depth: its bits depend on its own image's patch alone. Float64:
/// plain loops.
package enum ChannelsLastConvolution {
  /// Bytes of scratch memory of a pass; `isPrepared` says that the kernels were rearranged before.
  package static func scratchByteCount(
    _ pass: Convolution.Pass, _ g: ConvolutionGeometry, isPrepared: Bool, _ options: KernelOptions
  ) -> Int {
    guard pass != .weight else { return ChannelsLastWeightGradient.scratchByteCount(g, options) }
    let parts = Parts(pass, g, isPrepared: isPrepared, options)
    return Int.boundedProduct(parts.count, 4)
  }

  /// y of x; depthwise convolutions take no residual.
  package static func forward(
    _ x: TensorView, _ w: TensorView, _ kernels: ConvolutionKernels?, bias: TensorView?,
    residual: TensorView?,
    _ activation: ProductActivation, _ g: ConvolutionGeometry, into y: TensorView, scratch: TensorView?,
    _ options: KernelOptions
  ) {
    guard x.elementType == .float32 else {
      return ChannelsLastReference.forward(x, w, bias: bias, residual: residual, activation, g, into: y)
    }
    run(.forward, x, w, kernels, bias, residual, activation, g, y, scratch, options)
  }

  /// dx of dy.
  package static func inputGradient(
    _ dY: TensorView, _ w: TensorView, _ kernels: ConvolutionKernels?, _ g: ConvolutionGeometry,
    into dX: TensorView, scratch: TensorView?, _ options: KernelOptions
  ) {
    guard dY.elementType == .float32 else { return ChannelsLastReference.inputGradient(dY, w, g, into: dX) }
    run(.input, dY, w, kernels, nil, nil, .none, g, dX, scratch, options)
  }

  /// dw of dy and x, summed over images in order.
  package static func weightGradient(
    _ dY: TensorView, _ x: TensorView, _ g: ConvolutionGeometry, into dW: TensorView, scratch: TensorView?,
    _ options: KernelOptions
  ) {
    guard dY.elementType == .float32, let scratch else {
      return ChannelsLastReference.weightGradient(dY, x, g, into: dW)
    }
    ChannelsLastWeightGradient.run(dY, x, g, into: dW, scratch: scratch, options)
  }

  /// Where things lie in scratch memory, in floats.
  private struct Parts {
    /// The plain and the packed matrix of a phase, where kernels are not rearranged before.
    var plain = 0
    var packed = 0
    /// The results of a phase, where there are several.
    var results = 0
    /// What the threads need.
    var workers = 0
    var count: Int { min(plain + packed + results + workers, .addressable) }

    init(_ pass: Convolution.Pass, _ g: ConvolutionGeometry, isPrepared: Bool, _ options: KernelOptions) {
      let phases = ConvolutionPhase.all(of: pass, g)
      for phase in phases {
        if g.isDepthwise {
          if !isPrepared { plain = max(plain, padded(phase.tapCount * g.groups)) }
          continue
        }
        let (depth, columns) = ConvolutionKernels.size(phase, pass, g)
        if !isPrepared {
          plain = max(plain, padded(Int.boundedProduct(depth, columns)))
          packed = max(packed, padded(PackedMatrix.count(k: depth, n: columns, level: options.level)))
        }
        if phase.rows.step * phase.columns.step > 1 {
          results = max(
            results, padded(Int.boundedProduct(g.batch, phase.positionCount, g.groups * columns)))
        }
        workers = max(
          workers,
          MatrixMultiplication.scratchCount(n: columns, k: depth, packsRight: false, options: options))
      }
    }

    private func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
  }

  private static func run(
    _ pass: Convolution.Pass, _ source: TensorView, _ w: TensorView, _ kernels: ConvolutionKernels?,
    _ bias: TensorView?, _ residual: TensorView?, _ activation: ProductActivation, _ g: ConvolutionGeometry,
    _ result: TensorView, _ scratch: TensorView?, _ options: KernelOptions
  ) {
    let parts = Parts(pass, g, isPrepared: kernels != nil, options)
    precondition(scratch?.byteCount ?? 0 >= parts.count * 4, "a convolution lacks scratch memory")
    guard result.count > 0 else { return }
    let memory = unsafe scratch?.words(Float.self)
    let phases = ConvolutionPhase.all(of: pass, g)
    if ConvolutionPhase.leavesOut(phases, of: pass, g) { DataMovement.clear(result) }
    for (index, phase) in phases.enumerated() {
      if g.isDepthwise {
        unsafe depthwise(
          pass, phase, source, w, kernels?.taps[index], bias, activation, g, result, memory, options)
      } else if let memory = unsafe memory {
        unsafe product(
          pass, phase, source, w, kernels?.matrices[index], bias, residual, activation, g, result, memory,
          parts,
          options)
      }
    }
  }

  /// The results of one phase as products, group by group.
  private static func product(
    _ pass: Convolution.Pass, _ phase: ConvolutionPhase, _ source: TensorView, _ w: TensorView,
    _ prepared: [PackedMatrix]?, _ bias: TensorView?, _ residual: TensorView?,
    _ activation: ProductActivation,
    _ g: ConvolutionGeometry, _ result: TensorView, _ memory: UnsafeMutablePointer<Float>, _ parts: Parts,
    _ options: KernelOptions
  ) {
    let isForward = pass == .forward
    let (read, made) = isForward ? (g.channels, g.filters) : (g.filters, g.channels)
    let (depth, columns) = ConvolutionKernels.size(phase, pass, g)
    let isWhole = parts.results == 0
    let (plain, packed) = unsafe (memory, memory + parts.plain)
    let target = unsafe isWhole ? result.words(Float.self) : packed + parts.packed
    let workers = unsafe packed + parts.packed + parts.results
    let maps = unsafe UnsafePointer(source.words(Float.self))
    let rows = g.batch * phase.positionCount
    let map = isForward ? (g.height.input, g.width.input) : (g.height.output, g.width.output)
    var patches = phase.patches(map, channels: read, placeStride: read * g.groups)
    for group in 0..<g.groups {
      var epilogue = unsafe MatrixEpilogue<Float>(
        activation, bias: bias, residual: residual, columns: made * g.groups)
      unsafe epilogue.bias = epilogue.bias.map { unsafe $0 + group * made }
      unsafe epilogue.residual = epilogue.residual.map { unsafe $0 + group * made }
      let right: RightOperand
      if let prepared {
        unsafe right = .packed(prepared[group])
      } else {
        unsafe ConvolutionKernels.arrange(
          UnsafePointer(w.words(Float.self)), phase, pass, group, g, into: plain, options)
        unsafe PackedMatrix.pack(
          MatrixView(plain, rowStride: columns), k: depth, n: columns, into: packed, options: options)
        unsafe right = .memory(packed)
      }
      unsafe withUnsafePointer(to: &patches) { patches in
        unsafe MatrixMultiplication.multiply(
          MatrixView(maps + group * read, rowStride: depth), patches: patches, right, m: rows, n: columns,
          k: depth, into: target + group * made, rowStride: made * g.groups, epilogue: epilogue,
          scratch: workers, options: options)
      }
    }
    if !isWhole { unsafe spread(target, phase, g, into: result.words(Float.self), options) }
  }

  /// Puts the results of a phase of the input's gradient where they belong.
  private static func spread(
    _ values: UnsafeMutablePointer<Float>, _ phase: ConvolutionPhase, _ g: ConvolutionGeometry,
    into dX: UnsafeMutablePointer<Float>, _ options: KernelOptions
  ) {
    let channels = g.groups * g.channels
    let (rows, columns) = (phase.rows, phase.columns)
    forEachRange(g.batch * rows.count, workPerItem: columns.count * channels, options) { range in
      for line in range {
        let (image, i) = line.quotientAndRemainder(dividingBy: rows.count)
        let row = (image * g.height.input + rows.first + i * rows.step) * g.width.input + columns.first
        for j in 0..<columns.count {
          let target = unsafe dX + (row + j * columns.step) * channels
          unsafe target.update(from: values + (line * columns.count + j) * channels, count: channels)
        }
      }
    }
  }

  /// The results of one phase of a depthwise convolution, row by row.
  private static func depthwise(
    _ pass: Convolution.Pass, _ phase: ConvolutionPhase, _ source: TensorView, _ w: TensorView,
    _ prepared: [Float]?, _ bias: TensorView?, _ activation: ProductActivation, _ g: ConvolutionGeometry,
    _ result: TensorView, _ memory: UnsafeMutablePointer<Float>?, _ options: KernelOptions
  ) {
    let isForward = pass == .forward
    let input = (height: g.height.input, width: g.width.input)
    let output = (height: g.height.output, width: g.width.output)
    let (read, made) = isForward ? (input, output) : (output, input)
    var task = dka_channels()
    task.patches = phase.patches(read, channels: g.groups, placeStride: g.groups)
    task.result_row_stride = phase.rows.step * made.width * g.groups
    task.result_column_stride = phase.columns.step * g.groups
    (task.activation, task.lower, task.upper) = activation.kernel
    let (maps, results) = unsafe (source.words(Float.self), result.words(Float.self))
    let sums = unsafe bias?.words(Float.self)
    let first = (phase.rows.first * made.width + phase.columns.first) * g.groups
    let (readSize, madeSize) = (read.height * read.width * g.groups, made.height * made.width * g.groups)
    func convolve(_ kernel: UnsafePointer<Float>) {
      let work = phase.columns.count * g.groups * max(phase.tapCount, 1)
      unsafe withUnsafePointer(to: task) { task in
        forEachRange(g.batch * phase.rows.count, workPerItem: work, options) { range in
          for line in range {
            let (image, row) = line.quotientAndRemainder(dividingBy: phase.rows.count)
            unsafe dka_channels_convolve(
              options.level.rawValue, task, maps + image * readSize, kernel, sums,
              results + image * madeSize + first, row, row + 1)
          }
        }
      }
    }
    if let prepared {
      unsafe prepared.withUnsafeBufferPointer { kernel in
        if let kernel = kernel.baseAddress { unsafe convolve(kernel) }
      }
    } else if let memory = unsafe memory {
      unsafe ConvolutionKernels.arrangeTaps(UnsafePointer(w.words(Float.self)), phase, g, into: memory)
      unsafe convolve(UnsafePointer(memory))
    }
  }
}
