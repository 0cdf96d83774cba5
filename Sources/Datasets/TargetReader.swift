package import Tensors

/// Reads what a network is trained towards and measured against: a class, a mask, a number.
///
/// What a sample's target is belongs to the task; the loader puts targets together as it does images.
package protocol TargetReader: Sendable {
  /// The target of one sample, as a row [1, …]: of one element type and extents for all samples of a run.
  ///
  /// - Parameter placement: how the sample's image was brought into the network's input.
  func target(of sample: Sample, placed placement: ImagePlacement) throws(DatasetError) -> Tensor
}

/// How a sample's image is brought into the network's input: what a target made of pixels must follow.
package struct ImagePlacement: Sendable {
  /// Resize, crop and fill.
  package let preprocessing: Preprocessing
  /// Random changes.
  package let augmentation: Augmentation
  /// The source of the image's random choices, as it is before the first one.
  package let random: Random
}

/// The class of a sample as int64 [1].
package struct ClassTargets: TargetReader {
  /// A reader of classes.
  package init() {}

  package func target(of sample: Sample, placed placement: ImagePlacement) throws(DatasetError) -> Tensor {
    do { return try Tensor([Int64(sample.label)]) } catch {
      throw DatasetError(.workFailed, "no memory for the class of '\(sample.path)'")
    }
  }
}
