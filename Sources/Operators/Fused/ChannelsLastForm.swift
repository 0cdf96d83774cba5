import Graphs
import Kernels
import Tensors

/// The axes of maps in the order that ONNX has them in, and with channels last.
package enum MapAxes {
  /// From [B, C, H, W] to [B, H, W, C].
  package static let toChannelsLast = [0, 2, 3, 1]
  /// From [B, H, W, C] to [B, C, H, W].
  package static let toChannelsFirst = [0, 3, 1, 2]

  /// The shape [B, C, H, W] of maps [B, H, W, C].
  static func channelsFirst(_ shape: Shape) throws(OperatorError) -> Shape {
    guard shape.rank == 4 else { throw .invalid("maps have shape \(shape), expected [B, H, W, C]") }
    return Shape(toChannelsFirst.map { shape[$0] })
  }

  /// The shape [B, H, W, C] of maps [B, C, H, W].
  static func channelsLast(_ shape: Shape) -> Shape { Shape(toChannelsLast.map { shape[$0] }) }
}

extension ConvolutionForm {
  /// Steps up to which convolutions take maps with channels last: the gradient is made for each remainder by the step.
  private static let strideLimit = 64

  /// Whether maps may have their channels last.
  package var takesChannelsLast: Bool { strides?.allSatisfy { $0 <= Self.strideLimit } ?? true }

  /// The geometry for maps x [B, H, W, C] and a kernel, and the shape [B, OH, OW, M] of the result.
  func channelsLastGeometry(_ x: Shape, _ w: Shape) throws(OperatorError) -> (
    geometry: ConvolutionGeometry, shape: Shape
  ) {
    guard takesChannelsLast else {
      throw .unsupported("attribute 'strides' is \(strides ?? []), implemented: up to \(Self.strideLimit)")
    }
    let (geometry, shape) = try geometry(try MapAxes.channelsFirst(x), w)
    return (geometry, MapAxes.channelsLast(shape))
  }
}

extension BoundKernel {
  /// A pass of a convolution of maps with channels last; kernels in operand 1 that are known are rearranged once.
  ///
  /// - Parameter outputs: shape of the convolution's results, whichever pass it is.
  static func convolution(
    _ pass: Convolution.Pass, _ geometry: ConvolutionGeometry, outputs: Shape, _ inputs: InputTypes,
    _ options: KernelOptions, run: @escaping @Sendable (_ operands: Operands) -> Void
  ) -> BoundKernel {
    let isFloat = inputs[0].elementType == .float32
    let kernels = pass == .weight ? nil : inputs.known(1)
    let preparation = Preparation.kernels(kernels, pass, geometry, options)
    let scratchByteCount = ChannelsLastConvolution.scratchByteCount(
      pass, geometry, isPrepared: preparation != nil, options)
    return BoundKernel(
      inputs, .operations(geometry.operations(for: outputs)),
      scratchByteCount: isFloat ? scratchByteCount : 0,
      name: geometry.isDepthwise ? "channels" : "patches", preparation: preparation, run: run)
  }
}

extension Preparation {
  /// Kernels rearranged once for a pass; nil where they are not known, or not Float32.
  static func kernels(
    _ w: Tensor?, _ pass: Convolution.Pass, _ geometry: ConvolutionGeometry, _ options: KernelOptions
  ) -> Preparation? {
    guard let w, w.elementType == .float32 else { return nil }
    let byteCount = ConvolutionKernels.byteCount(pass, geometry, options)
    return Preparation(byteCount: byteCount) { () throws(OperatorError) in
      do throws(StorageError) {
        return ArrangedKernels(
          kernels: try ConvolutionKernels(TensorView(try w.aligned()), pass, geometry, options))
      } catch {
        throw OperatorError(.outOfMemory, "no memory to rearrange kernels of \(error.byteCount) bytes")
      }
    }
  }
}

extension Operands {
  /// The kernels that were rearranged before.
  var kernels: ConvolutionKernels? { (prepared as? ArrangedKernels)?.kernels }
}

private struct ArrangedKernels: PreparedConstants {
  let kernels: ConvolutionKernels
}
