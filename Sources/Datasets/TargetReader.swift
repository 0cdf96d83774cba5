package import Tensors

/// Reads what a network is trained towards and measured against: a class, a mask, a number.
///
/// What a sample's target is belongs to the task; the loader puts targets together as it does images.
package protocol TargetReader: Sendable {
  /// The target of one sample, as a row [1, …]: of one element type and extents for all samples of a run.
  ///
  /// - Parameter placement: how the sample's image was brought into the network's input.
  func target(of sample: Sample, placed placement: ImagePlacement) throws(DatasetError) -> Tensor

  /// What a random crop of the sample's image is centred on, nil where it may lie anywhere.
  ///
  /// - Parameter random: the source of the image's random choices, behind those of crop and mirroring.
  func focus(of sample: Sample, random: inout Random) throws(DatasetError) -> ImageFocus?
}

extension TargetReader {
  package func focus(of sample: Sample, random: inout Random) throws(DatasetError) -> ImageFocus? { nil }
}

/// A place in an image, in shares of its extents.
package struct ImageFocus: Sendable {
  /// From the left border.
  let column: Double
  /// From the upper border.
  let row: Double
}

/// How a sample's image was brought into the network's input: what a target made of pixels must follow.
package struct ImagePlacement: Sendable {
  /// Resize, crop and fill.
  package let preprocessing: Preprocessing
  /// Where the resized image is cut, and whether it is mirrored.
  let place: Placement
  /// Columns of the whole resized image.
  let width: Int
  /// Rows of the whole resized image.
  let height: Int

  /// The row of an image of so many rows that a row of the input shows, by the nearest pixel; nil outside the image.
  func row(at row: Int, of count: Int) -> Int? {
    let extent = preprocessing.crop ?? height
    guard row < extent else { return nil }
    return Self.nearest(place.top + row, height, count)
  }

  /// The column, likewise.
  func column(at column: Int, of count: Int) -> Int? {
    let extent = preprocessing.crop ?? width
    guard column < extent else { return nil }
    return Self.nearest(place.left + (place.isMirrored ? extent - 1 - column : column), width, count)
  }

  private static func nearest(_ position: Int, _ extent: Int, _ count: Int) -> Int? {
    guard (0..<extent).contains(position) else { return nil }
    return min((2 * position + 1) * count / (2 * extent), count - 1)
  }
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
