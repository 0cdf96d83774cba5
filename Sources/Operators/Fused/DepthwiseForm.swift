import Graphs
import Kernels
import Tensors

/// What `DepthwisePair`, `TokenDepthwisePair` and their gradients have in common: how two centred kernels merge.
struct DepthwiseForm: Sendable {
  /// Distance of the taps of the first kernel.
  let largeDilation: Int
  /// Distance of the taps of the second kernel.
  let smallDilation: Int
  /// Rows and columns of the map where operands are tokens [images, prefix + rows · columns, channels], or nil.
  let grid: (height: Int, width: Int)?
  /// Tokens in front of the map.
  let prefix: Int

  /// Kernels on maps.
  init(largeDilation: Int, smallDilation: Int) {
    self.largeDilation = largeDilation
    self.smallDilation = smallDilation
    grid = nil
    prefix = 0
  }

  /// The same kernels on tokens.
  init(_ maps: DepthwiseForm, grid: (height: Int, width: Int), prefix: Int) {
    largeDilation = maps.largeDilation
    smallDilation = maps.smallDilation
    self.grid = grid
    self.prefix = prefix
  }

  init(reading node: AttributeReader, tokens: Bool) throws(OperatorError) {
    func positive(_ name: String, default fallback: Int, from least: Int) throws(OperatorError) -> Int {
      let value = try node.int(name, default: fallback)
      guard value >= least, value < 1 << 24 else { throw .invalid("attribute '\(name)' is \(value)") }
      return value
    }
    largeDilation = try positive("large_dilation", default: 1, from: 1)
    smallDilation = try positive("small_dilation", default: 1, from: 1)
    guard tokens else {
      grid = nil
      prefix = 0
      return
    }
    grid = (
      try positive("height", default: 0, from: 1), try positive("width", default: 0, from: 1)
    )
    prefix = try positive("prefix", default: 0, from: 0)
  }

  var attributes: [Attribute] {
    let dilations = [
      Attribute("large_dilation", largeDilation), Attribute("small_dilation", smallDilation),
    ]
    guard let grid else { return dilations }
    return dilations + [
      Attribute("height", grid.height), Attribute("width", grid.width), Attribute("prefix", prefix),
    ]
  }

  /// Checks the maps' and kernels' types and gives the geometry.
  ///
  /// - Parameter kernels: shapes of the large kernel and of the small one, where there is one.
  func geometry(_ maps: ValueType, kernels: [Shape]) throws(OperatorError) -> DepthwiseGeometry {
    let shape = maps.shape
    let channels: Int
    let extents: (height: Int, width: Int)
    let layout: DepthwiseGeometry.Layout
    if let grid {
      guard shape.rank == 3, shape[1] == prefix + grid.height * grid.width else {
        throw .invalid(
          "tokens of shape \(shape) don't hold \(prefix) + \(grid.height) · \(grid.width) tokens")
      }
      channels = shape[2]
      extents = grid
      layout = .init(
        offset: prefix * channels, image: shape[1] * channels, channel: 1, column: channels)
    } else {
      guard shape.rank == 4 else { throw .invalid("maps have shape \(shape), expected four axes") }
      channels = shape[1]
      extents = (shape[2], shape[3])
      layout = .init(
        offset: 0, image: shape.product(1..<4), channel: shape.product(2..<4), column: 1)
    }
    for kernel in kernels {
      guard kernel.rank == 4, kernel[0] == channels, kernel[1] == 1, kernel[2] == kernel[3],
        kernel[2] % 2 == 1
      else { throw .invalid("kernel has shape \(kernel), expected [\(channels),1,k,k] with k odd") }
    }
    var reach = 0
    for (kernel, dilation) in zip(kernels, [largeDilation, smallDilation]) {
      let (product, overflow) = ((kernel[2] - 1) / 2).multipliedReportingOverflow(by: dilation)
      reach = max(reach, overflow ? Int.max : product)
    }
    let geometry = DepthwiseGeometry(
      batch: shape[0], channels: channels, height: extents.height, width: extents.width, layout: layout,
      reach: reach)
    guard Shape(checking: geometry.windowExtents) != nil else {
      throw .invalid("the live part of kernels that reach \(reach) elements over maps \(shape) is too large")
    }
    return geometry
  }

  /// Shapes of the kernels among a pair's operands: one or two.
  static func kernels(_ inputs: InputTypes) -> [Shape] {
    [inputs[1].shape] + (inputs.optional(2).map { [$0.shape] } ?? [])
  }

  /// Checks that maps and kernels are of one floating-point type.
  static func checkTypes(_ inputs: InputTypes) throws(OperatorError) {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<inputs.count)
  }
}

extension DepthwiseGeometry {
  /// Bytes of the live windows of all channels.
  func windowByteCount(_ type: ElementType) -> Int { type.byteCount(of: windowShape.elementCount) ?? 0 }

  /// The live windows in scratch memory.
  func window(in scratch: TensorView?, _ type: ElementType) -> TensorView {
    guard let scratch else { preconditionFailure("scratch was asked for") }
    return TensorView(
      elementType: type, shape: windowShape, storage: scratch.storage, byteOffset: scratch.byteOffset)
  }
}
