import Graphs
import Kernels
import Tensors

/// A strided window [batch, head, token, channel] of a tensor as a range of each axis of the tensor in another shape.
///
/// With strides s₁ > s₂ > …, each a multiple of the next, the tensor of n elements is reshaped to [n/s₁, s₁/s₂, …]; the
/// window is what begins there at the digits of its first element. Axes of one element have no stride of their own.
struct DenseWindow {
  private let grid: Shape
  private let starts: [Int]
  private let counts: [Int]
  /// Axes of the window with more than one element, in the order of the grid.
  private let order: [Int]
  private let shape: Shape

  /// The window of a view into a tensor of `elementCount` elements.
  ///
  /// - Throws: `unsupported` where its strides are not those of a reshaped, sliced and transposed tensor.
  init(_ view: AttentionGeometry.View, _ extents: [Int], in elementCount: Int, what: String)
    throws(OperatorError)
  {
    let strides = [view.batch, view.head, view.token, view.channel]
    shape = Shape(extents)
    order = extents.indices.filter { extents[$0] > 1 }.sorted { strides[$0] > strides[$1] }
    var (grid, starts) = ([Int](), [Int]())
    var (block, offset) = (elementCount, view.offset)
    for axis in order {
      let stride = strides[axis]
      guard stride > 0, block % stride == 0, offset / stride + extents[axis] <= block / stride else {
        throw .unsupported(
          "\(what) with extents \(extents) and strides \(strides) is no dense window of \(elementCount) elements"
        )
      }
      grid.append(block / stride)
      starts.append(offset / stride)
      offset %= stride
      block = stride
    }
    self.grid = Shape(grid + [block])
    self.starts = starts + [offset]
    counts = order.map { extents[$0] } + [1]
  }

  /// Takes the window out of a tensor, as [batch, head, token, channel].
  func read(_ value: String, into builder: inout GradientBuilder) throws(OperatorError) -> String {
    let part = try builder.pad(
      try builder.reshape(value, to: grid), before: starts.map { -$0 }, after: rest.map { -$0 })
    let sorted = order.indices.sorted { order[$0] < order[$1] }
    return try builder.reshape(try builder.transpose(part, sorted + [order.count]), to: shape)
  }

  /// Puts a value [batch, head, token, channel] into zeros of a tensor's shape.
  func place(_ value: String, in target: Shape, into builder: inout GradientBuilder) throws(OperatorError)
    -> String
  {
    let axes = order.sorted()
    let flat = try builder.reshape(value, to: Shape(axes.map { shape[$0] } + [1]))
    let ranks = order.map { axis in axes.count { $0 < axis } }
    let part = try builder.transpose(flat, ranks + [order.count])
    return try builder.reshape(try builder.pad(part, before: starts, after: rest), to: target)
  }

  /// Elements behind the window, per axis of the grid.
  private var rest: [Int] { starts.indices.map { grid[$0] - starts[$0] - counts[$0] } }
}
