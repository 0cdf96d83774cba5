import Tensors

/// An image on its way to the network, as far as nothing random has happened to it: what may be cached.
///
/// Which pixels are held never changes what the network sees: a part of a resized image has the bytes of the whole.
package struct PreparedImage: Sendable {
  /// Columns of the whole resized image.
  package let width: Int
  /// Rows of the whole resized image.
  package let height: Int
  /// The rows of the resized image that `pixels` holds.
  let rows: Range<Int>
  /// The columns of the resized image that `pixels` holds.
  let columns: Range<Int>
  /// Whether `pixels` is the decoded image, of which each crop is resized by itself.
  package let isDecoded: Bool
  /// The resized image, a part of it, or the decoded image; in 8 bits where the file has 8 bits.
  package let pixels: Image

  /// A whole resized image.
  package init(resized image: Image) {
    self.init(
      width: image.width, height: image.height, rows: 0..<image.height, columns: 0..<image.width, image)
  }

  /// A part of a resized image.
  fileprivate init(width: Int, height: Int, rows: Range<Int>, columns: Range<Int>, _ pixels: Image) {
    (self.width, self.height, self.rows, self.columns) = (width, height, rows, columns)
    (isDecoded, self.pixels) = (false, pixels)
  }

  /// A decoded image that will have this size.
  fileprivate init(width: Int, height: Int, decoded: Image) {
    (self.width, self.height, rows, columns) = (width, height, 0..<0, 0..<0)
    (isDecoded, pixels) = (true, decoded)
  }
}

extension Preprocessing {
  /// Pixels of a resized image up to which it is made, and cached, as a whole for random crops.
  ///
  /// A larger one (or one of more than four crops, if that is more) stays as it was decoded, and only what each crop needs is
  /// resized: an image of 2 × 60,000 pixels would have 256 × 7,680,000.
  package static let wholePixelLimit = 1 << 22

  /// A decoded image with the network's channels, prepared as far as every epoch needs it again.
  ///
  /// Without random crops only what the centre crop shows is resized.
  package func prepared(_ image: Image, for augmentation: Augmentation) -> PreparedImage {
    let (width, height) = resizedSize(width: image.width, height: image.height)
    let decoded = PreparedImage(width: width, height: height, decoded: image)
    guard augmentation.crops, crop != nil else {
      var random = Random(0)
      return resized(
        decoded, at: placement(width: width, height: height, augmentation: .none, random: &random))
    }
    // A product that overflows is larger than any limit.
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    let limit = max(Preprocessing.wholePixelLimit, 4 * outputWidth * outputHeight)
    guard !overflow, pixels <= limit else { return decoded }
    return PreparedImage(resized: image.resized(width: width, height: height, by: interpolation))
  }

  /// The pixels that a crop at this place needs.
  func resized(_ image: PreparedImage, at place: Placement) -> PreparedImage {
    guard image.isDecoded else { return image }
    let rows = Self.visible(from: place.top, crop, of: image.height)
    let columns = Self.visible(from: place.left, crop, of: image.width)
    return PreparedImage(
      width: image.width, height: image.height, rows: rows, columns: columns,
      image.pixels.resized(
        width: image.width, height: image.height, by: interpolation, rows: rows, columns: columns))
  }

  /// The positions of an image that a crop shows.
  private static func visible(from start: Int, _ crop: Int?, of extent: Int) -> Range<Int> {
    max(start, 0)..<min(start + (crop ?? extent), extent)
  }
}
