/// A decoded image in memory, rows packed, channels interleaved: grey (1), red, green, blue (3), or others.
public struct Image: Sendable, Equatable {
  /// The samples of an image.
  public enum Samples: Sendable, Equatable {
    /// 8 bits each, 0 … 255.
    case bytes([UInt8])
    /// From 0 to 1; 16-bit grey files divided by 65535.
    case floats([Float])
  }

  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 for grey, 3 for red, green and blue; other numbers for what a network takes as it is stored.
  public let channels: Int
  /// Height × width × channels samples.
  public let samples: Samples

  /// An image of 8-bit samples.
  public init(width: Int, height: Int, channels: Int, bytes: [UInt8]) {
    precondition(channels > 0, "an image has at least one channel")
    precondition(
      bytes.count == width * height * channels, "\(bytes.count) bytes for \(width)×\(height)×\(channels)")
    (self.width, self.height, self.channels, samples) = (width, height, channels, .bytes(bytes))
  }

  /// An image of samples from 0 to 1.
  public init(width: Int, height: Int, channels: Int, floats: [Float]) {
    precondition(channels > 0, "an image has at least one channel")
    precondition(
      floats.count == width * height * channels, "\(floats.count) floats for \(width)×\(height)×\(channels)")
    (self.width, self.height, self.channels, samples) = (width, height, channels, .floats(floats))
  }

  /// Memory that the samples take.
  package var byteCount: Int {
    switch samples {
    case .bytes(let bytes): bytes.count
    case .floats(let floats): floats.count * MemoryLayout<Float>.stride
    }
  }
}

extension Image {
  /// A rectangle of the image, which must lie in it.
  package func cut(left: Int, top: Int, width: Int, height: Int) -> Image {
    precondition(
      left >= 0 && top >= 0 && left + width <= self.width && top + height <= self.height,
      "\(width)×\(height) at \(left), \(top) does not lie in \(self.width)×\(self.height)")
    func rows<Sample>(_ samples: [Sample]) -> [Sample] {
      var result: [Sample] = []
      result.reserveCapacity(width * height * channels)
      for row in top..<top + height {
        let start = (row * self.width + left) * channels
        result += samples[start..<start + width * channels]
      }
      return result
    }
    switch samples {
    case .bytes(let bytes):
      return Image(width: width, height: height, channels: channels, bytes: rows(bytes))
    case .floats(let floats):
      return Image(width: width, height: height, channels: channels, floats: rows(floats))
    }
  }

  /// The largest image that is decoded, in pixels: what claims to be larger is refused before memory is taken.
  package static let pixelLimit = 100_000_000

  /// Why these extents are refused, or nil for acceptable ones.
  static func refusal(width: Int, height: Int) -> String? {
    guard width > 0, height > 0 else { return "the image is \(width)×\(height) pixels" }
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= pixelLimit else {
      return
        "the image claims \(width)×\(height) pixels, more than the \(pixelLimit / 1_000_000) megapixels accepted"
    }
    return nil
  }

  /// The image turned upright from how a camera stored it.
  func upright(from orientation: Orientation) -> Image {
    guard orientation != .upright else { return self }
    switch samples {
    case .bytes(let bytes):
      let (width, height, turned) = orientation.turning(
        bytes, width: width, height: height, channels: channels)
      return Image(width: width, height: height, channels: channels, bytes: turned)
    case .floats(let floats):
      let (width, height, turned) = orientation.turning(
        floats, width: width, height: height, channels: channels)
      return Image(width: width, height: height, channels: channels, floats: turned)
    }
  }
}
