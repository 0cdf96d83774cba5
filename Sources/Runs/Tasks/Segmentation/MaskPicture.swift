package import Datasets

/// Pictures of masks.
package enum MaskPicture {
  /// Colours of classes beside the background: told apart by people who see few colours too (Okabe and Ito 2008).
  private static let colors: [(red: UInt8, green: UInt8, blue: UInt8)] = [
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0),
    (204, 121, 167),
  ]

  /// The colour of a class; black for the background.
  private static func color(_ index: Int, _ classes: MaskClasses) -> (red: UInt8, green: UInt8, blue: UInt8) {
    guard let place = classes.foreground.firstIndex(of: index) else { return (0, 0, 0) }
    return colors[place % colors.count]
  }

  /// A mask as PNG: each pixel the value of its class, in colours of a palette where all values are below 256, else grey of 8 bits
  /// numbered by class.
  static func palette(_ mask: Mask, _ classes: MaskClasses) throws -> [UInt8] {
    let fits = classes.values.allSatisfy { $0 < 256 }
    let values = fits ? classes.values : Array(classes.names.indices)
    var palette = [(red: UInt8, green: UInt8, blue: UInt8)](
      repeating: (0, 0, 0), count: min((values.max() ?? 0) + 1, 256))
    for (index, value) in values.enumerated() where value < palette.count {
      palette[value] = color(index, classes)
    }
    return try PNGCoder.encode(
      indices: mask.classes.map { UInt8(clamping: $0 >= 0 ? values[Int($0)] : 0) }, width: mask.width,
      height: mask.height, palette: palette)
  }

  /// An image with the classes beside the background over it: their areas tinted, their borders drawn.
  ///
  /// - Parameter reference: another mask, whose borders are drawn white.
  package static func overlay(
    _ mask: Mask, on image: Image, _ classes: MaskClasses, reference: Mask? = nil
  ) -> Image {
    let background = Int16(clamping: classes.background ?? -1)
    let base = image.bytesOfColors
    var pixels = base
    for (pixel, index) in mask.classes.enumerated() where index >= 0 && index != background {
      let color = color(Int(index), classes)
      let isBorder = mask.isBorder(pixel)
      for (channel, value) in [color.red, color.green, color.blue].enumerated() {
        let before = Int(base[3 * pixel + channel])
        pixels[3 * pixel + channel] = isBorder ? value : UInt8((before * 7 + Int(value) * 3) / 10)
      }
    }
    if let reference {
      for (pixel, index) in reference.classes.enumerated()
      where index >= 0 && index != background && reference.isBorder(pixel) {
        for channel in 0..<3 { pixels[3 * pixel + channel] = 255 }
      }
    }
    return Image(width: image.width, height: image.height, channels: 3, bytes: pixels)
  }
}

extension Mask {
  /// Whether a pixel has a neighbour of another class, or none.
  fileprivate func isBorder(_ pixel: Int) -> Bool {
    let (row, column, index) = (pixel / width, pixel % width, classes[pixel])
    return row == 0 || row == height - 1 || column == 0 || column == width - 1
      || classes[pixel - width] != index || classes[pixel + width] != index || classes[pixel - 1] != index
      || classes[pixel + 1] != index
  }
}

extension Image {
  /// Red, green and blue of 8 bits each; an image of other channels in grey of its first.
  fileprivate var bytesOfColors: [UInt8] {
    let pixels = 0..<width * height
    func byte(_ position: Int) -> UInt8 {
      switch samples {
      case .bytes(let bytes): bytes[position]
      case .floats(let floats): UInt8((min(max(floats[position], 0), 1) * 255).rounded())
      }
    }
    return pixels.flatMap { pixel in
      (0..<3).map { byte(pixel * channels + (channels == 3 ? $0 : 0)) }
    }
  }
}
