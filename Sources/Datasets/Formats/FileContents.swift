/// What a file says of its images without their pixels.
package struct FileContents: Sendable, Equatable {
  /// How many images it holds; of a volume `volume` says it.
  package var frameCount = 1
  /// Who the images are of, to tell patients apart with while a folder is listed; written nowhere.
  package var patient: String?
  /// The name by which segmentations refer to the file (DICOM's SOP Instance UID).
  package var instance: String?
  /// Distance of rows and of columns in mm.
  package var spacing: PixelSpacing?
  /// What its frames are masks of, where it is a segmentation.
  package var segmentation: SegmentedFrames?
  /// The volume it holds.
  package var volume: NIfTIHeader?

  /// One image, of which nothing is known.
  package init() {}

  /// How many images the file holds.
  func frameCount(_ reading: ImageReading) -> Int { volume?.sliceCount(along: reading.axis) ?? frameCount }
}

/// Distance of neighbouring pixels in mm.
public struct PixelSpacing: Sendable, Equatable {
  /// From row to row.
  public let rows: Double
  /// From column to column.
  public let columns: Double

  /// Distances; nil for what is not above zero.
  public init?(rows: Double, columns: Double) {
    guard rows.isFinite, columns.isFinite, rows > 0, columns > 0 else { return nil }
    (self.rows, self.columns) = (rows, columns)
  }
}

/// The frames of a segmentation and the images that they are masks of.
package struct SegmentedFrames: Sendable, Equatable {
  /// One frame: where one class is in one image.
  package struct Frame: Sendable, Equatable {
    /// The image's instance.
    package let instance: String
    /// Which frame of it, from 0; nil where it is one image.
    package let frame: Int?
    /// Number of the class.
    package let segment: Int

    /// A frame.
    package init(instance: String, frame: Int?, segment: Int) {
      (self.instance, self.frame, self.segment) = (instance, frame, segment)
    }
  }

  /// The frames in their order; nil for one that names no image.
  package let frames: [Frame?]
  /// The classes by their number, in the file's order.
  package let segments: [(number: Int, label: String)]
  /// All images that were segmented, also those in which nothing was found.
  package let instances: [String]
  /// Columns of each frame.
  package let width: Int
  /// Rows of each frame.
  package let height: Int

  package static func == (left: SegmentedFrames, right: SegmentedFrames) -> Bool {
    left.frames == right.frames && left.instances == right.instances && left.width == right.width
      && left.height == right.height && left.segments.elementsEqual(right.segments, by: ==)
  }
}
