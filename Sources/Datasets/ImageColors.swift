extension Image {
  /// This image with as many channels as a network takes; nil where that cannot be.
  ///
  /// Colour becomes grey as Pillow's `convert("L")` has it (ITU-R BT.601). Grey stays one channel, which `Preprocessing` copies to three.
  func colored(channels wanted: Int) -> Image? {
    switch (channels, wanted) {
    case (wanted, _), (1, 3): self
    case (3, 1): grey
    default: nil
    }
  }

  /// This image in grey, of three channels or one.
  var lightness: Image { channels == 3 ? grey : self }

  /// This image of three channels as grey, 8 bits rounded.
  ///
  ///     grey = (19595 red + 38470 green + 7471 blue) / 65536
  private var grey: Image {
    let pixels = 0..<width * height
    switch samples {
    case .bytes(let bytes):
      let grey = pixels.map { pixel in
        let (red, green, blue) = (Int(bytes[3 * pixel]), Int(bytes[3 * pixel + 1]), Int(bytes[3 * pixel + 2]))
        return UInt8((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16)
      }
      return Image(width: width, height: height, channels: 1, bytes: grey)
    case .floats(let floats):
      let grey = pixels.map { pixel in
        (19595 * floats[3 * pixel] + 38470 * floats[3 * pixel + 1] + 7471 * floats[3 * pixel + 2]) / 65536
      }
      return Image(width: width, height: height, channels: 1, floats: grey)
    }
  }
}

extension Preprocessing {
  /// Why an image that `Image.colored` gives nothing for is refused.
  func refusal(of image: Image) -> String {
    let found = image.channels == 1 ? "1 channel" : "\(image.channels) channels"
    return "the image has \(found), the model takes \(channels)"
  }
}
