/// What has to change in a file that was exported with a batch of 1 so that it takes any number of images.
///
/// `BatchBinding` finds it while it lowers the file at another batch.
package struct BatchEdit: Sendable, Equatable {
  /// The change.
  package enum Change: Sendable, Equatable {
    /// The Reshape's target is this, with the batch in `axis`.
    case reshape(target: [Int], axis: Int)
    /// The Reshape goes to this target, with the batch in `axis`, and a Transpose behind it makes the result.
    case reshapeAndTranspose(target: [Int], axis: Int, permutation: [Int])
    /// An operand of this shape is repeated along `axis` as often as there are images.
    case repeatOperand(index: Int, shape: [Int], axis: Int)
    /// An operand of this shape, which has numbers for one image, is repeated whole along `axis` as often as there are images.
    case tileOperand(index: Int, shape: [Int], axis: Int)
    /// An operand holds extents: an Expand's target, a Resize's sizes. They are these, times the number of images at `position`.
    case scaleExtents(index: Int, extents: [Int], position: Int)
    /// The Gather reads an image's numbers, which have this shape, by a list of positions in its first axis.
    case gatherPerImage(source: [Int], positions: [Int], shape: [Int])
  }

  /// The first output of the node.
  package let output: String
  /// What changes.
  package let change: Change
}
