import Synchronization

/// Decoded and resized images that stay in memory up to a limit, so that later epochs need not decode them again.
///
/// What does not fit is decoded each time; nothing is ever thrown out, because every epoch visits every image once and any
/// other policy would evict what is needed next. One cache serves one `Preprocessing`, one `Augmentation` and one
/// data set.
public final class ImageCache: Sendable {
  private struct State {
    var images: [Int: PreparedImage] = [:]
    var byteCount = 0
  }

  private let byteLimit: Int
  private let state = Mutex(State())

  /// A cache of at most this many bytes of samples.
  public init(byteLimit: Int) {
    self.byteLimit = byteLimit
  }

  /// Bytes in use.
  public var byteCount: Int { state.withLock { $0.byteCount } }

  /// Number of images held.
  public var imageCount: Int { state.withLock { $0.images.count } }

  func image(_ index: Int) -> PreparedImage? { state.withLock { $0.images[index] } }

  func keep(_ image: PreparedImage, as index: Int) {
    state.withLock { state in
      guard state.images[index] == nil, image.pixels.byteCount <= byteLimit - state.byteCount else { return }
      state.images[index] = image
      state.byteCount += image.pixels.byteCount
    }
  }
}
