package import Tensors

/// Reads what a network is trained towards and measured against: a class, a mask, a number.
///
/// What a sample's target is belongs to the task; the loader has each written into its row of the batch, as it does images.
package protocol TargetReader: Sendable {
  /// Type and extents of the target of an image that is prepared so.
  func form(under preprocessing: Preprocessing) -> (elementType: ElementType, extents: [Int])

  /// Writes the target of one sample, all elements.
  ///
  /// - Parameters:
  ///   - placement: how the sample's image was brought into the network's input.
  ///   - row: of `form(under:)`, with an axis of extent 1 in front.
  func write(_ sample: Sample, placed placement: ImagePlacement, into row: TensorView) throws(DatasetError)

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

/// The class of a sample, int64.
package struct ClassTargets: TargetReader {
  /// A reader of classes.
  package init() {}

  package func form(under preprocessing: Preprocessing) -> (elementType: ElementType, extents: [Int]) {
    (.int64, [])
  }

  package func write(_ sample: Sample, placed placement: ImagePlacement, into row: TensorView) {
    unsafe row.buffer(of: Int64.self)[0] = Int64(sample.label)
  }
}
