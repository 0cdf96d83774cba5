/// Sizes of a convolution of maps of one to three axes.
package struct ConvolutionGeometry: Sendable {
  /// Images.
  package let batch: Int
  /// Groups, each with channels of its own.
  package let groups: Int
  /// Input channels of a group.
  package let channels: Int
  /// Output channels of a group.
  package let filters: Int
  /// How kernels lie over each axis of the maps, the outermost first.
  package let axes: [ConvolutionAxis]

  /// A geometry from sizes that fit together.
  package init(batch: Int, groups: Int, channels: Int, filters: Int, axes: [ConvolutionAxis]) {
    precondition((1...3).contains(axes.count), "a convolution is over one to three axes")
    self.batch = batch
    self.groups = groups
    self.channels = channels
    self.filters = filters
    self.axes = axes
  }

  /// The last axis.
  package var width: ConvolutionAxis { axes[axes.count - 1] }
  /// The axis in front of the last, a single element where there is none.
  package var height: ConvolutionAxis { axes.count > 1 ? axes[axes.count - 2] : .single }
  /// The first of three axes, a single element where there are fewer.
  package var depth: ConvolutionAxis { axes.count > 2 ? axes[0] : .single }

  /// Elements of one input map.
  package var inputSize: Int { axes.reduce(1) { $0 * $1.input } }
  /// Elements of one output map.
  package var outputSize: Int { axes.reduce(1) { $0 * $1.output } }
  /// Taps of one kernel.
  package var tapCount: Int { axes.reduce(1) { $0 * $1.kernel } }

  /// Whether each channel has a kernel of its own.
  package var isDepthwise: Bool { channels == 1 && filters == 1 }

  /// Whether the columns of an input are the input itself.
  package var isPointwise: Bool { axes.allSatisfy(\.isPointwise) }
}
