/// Sizes of a two-dimensional convolution; one-dimensional ones have height one.
package struct ConvolutionGeometry: Sendable {
  /// Images.
  package let batch: Int
  /// Groups, each with channels of its own.
  package let groups: Int
  /// Input channels of a group.
  package let channels: Int
  /// Output channels of a group.
  package let filters: Int
  /// Height and width of the input map, the kernel and the output map.
  package let input: (height: Int, width: Int)
  package let kernel: (height: Int, width: Int)
  package let output: (height: Int, width: Int)
  /// Steps between outputs and between taps, and zeros in front, each vertical and horizontal.
  package let stride: (Int, Int)
  package let dilation: (Int, Int)
  package let padding: (Int, Int)

  /// A geometry from sizes that fit together.
  package init(
    batch: Int, groups: Int, channels: Int, filters: Int, input: (Int, Int), kernel: (Int, Int),
    output: (Int, Int), stride: (Int, Int), dilation: (Int, Int), padding: (Int, Int)
  ) {
    self.batch = batch
    self.groups = groups
    self.channels = channels
    self.filters = filters
    self.input = (input.0, input.1)
    self.kernel = (kernel.0, kernel.1)
    self.output = (output.0, output.1)
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
  }

  /// Elements of one input map.
  package var inputSize: Int { input.height * input.width }
  /// Elements of one output map.
  package var outputSize: Int { output.height * output.width }
  /// Taps of one kernel.
  package var tapCount: Int { kernel.height * kernel.width }

  /// Outputs whose input along one axis lies inside the map for a tap: those o with 0 ≤ o · stride + offset < extent.
  static func outputs(_ count: Int, stride: Int, offset: Int, extent: Int) -> Range<Int> {
    let first = offset >= 0 ? 0 : (-offset + stride - 1) / stride
    let last = extent - offset <= 0 ? 0 : (extent - offset - 1) / stride + 1
    let upper = min(last, count)
    return min(first, upper)..<upper
  }

  /// Rows of outputs that a kernel row meets data for, and the input row of output 0.
  func rows(_ tap: Int) -> (outputs: Range<Int>, offset: Int) {
    let offset = tap * dilation.0 - padding.0
    return (
      Self.outputs(output.height, stride: stride.0, offset: offset, extent: input.height), offset
    )
  }

  /// Columns of outputs that a kernel column meets data for, and the input column of output 0.
  func columns(_ tap: Int) -> (outputs: Range<Int>, offset: Int) {
    let offset = tap * dilation.1 - padding.1
    return (
      Self.outputs(output.width, stride: stride.1, offset: offset, extent: input.width), offset
    )
  }

  /// Kernel rows and columns that ever meet data; the others are multiplied by padding alone.
  package var liveTaps: (rows: [Int], columns: [Int]) {
    (
      (0..<kernel.height).filter { !rows($0).outputs.isEmpty },
      (0..<kernel.width).filter { !columns($0).outputs.isEmpty }
    )
  }

  /// Whether each channel has a kernel of its own.
  package var isDepthwise: Bool { channels == 1 && filters == 1 }

  /// Whether the columns of an input are the input itself.
  package var isPointwise: Bool {
    kernel == (1, 1) && stride == (1, 1) && padding == (0, 0) && output == (input.height, input.width)
  }
}
