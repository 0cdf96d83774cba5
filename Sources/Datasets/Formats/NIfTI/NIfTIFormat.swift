/// NIfTI-1 and NIfTI-2 in one file, compressed or not; the slices of a volume are its images.
///
/// Brightness is that of the whole volume, so that slices compare: a window, else the 0.5th to the 99.5th percentile of the values above 0.
package struct NIfTIFormat: ImageFormat {
  package let name = "NIfTI"
  package let extensions = ["nii", "nii.gz"]
  package let holdsFrames = true
  package let isDecodedApart = true
  package let hasIntensities = true

  private static let last = LastFile<NIfTIVolume>()

  /// The format.
  package init() {}

  package func recognizes(_ bytes: Span<UInt8>) -> Bool {
    GzipStream.recognizes(bytes)
      || [[0x5C, 1, 0, 0], [0, 0, 1, 0x5C], [0x1C, 2, 0, 0], [0, 0, 2, 0x1C]].contains { bytes.holds($0) }
  }

  /// Volumes are unpacked whole.
  package func memoryLimit(fileSize: Int) -> Int { 4 << 30 }

  package func contents(of bytes: Span<UInt8>, path: String) throws(CodecError) -> FileContents {
    var contents = FileContents()
    contents.volume = try NIfTIVolume.header(of: bytes)
    return contents
  }

  package func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> Image
  {
    let (volume, geometry) = try volume(reading, bytes, path)
    let brightness = volume.brightness(reading.window)
    let floats = try geometry.pixels(ofSlice: frame) { voxel throws(CodecError) in brightness(voxel) }
    return Image(width: geometry.width, height: geometry.height, channels: 1, floats: floats)
  }

  package func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> StoredValues
  {
    let (volume, geometry) = try volume(reading, bytes, path)
    let values = try geometry.pixels(ofSlice: frame) { voxel throws(CodecError) in
      guard let value = UInt16(exactly: volume.value(at: voxel)) else {
        throw CodecError(
          reason: "the value \(volume.value(at: voxel)) is no class (0 … 65535, without fractions)")
      }
      return value
    }
    return StoredValues(width: geometry.width, height: geometry.height, values: values)
  }

  private func volume(_ reading: ImageReading, _ bytes: Span<UInt8>, _ path: String) throws(CodecError) -> (
    NIfTIVolume, SliceGeometry
  ) {
    let volume = try Self.last.content(of: path, part: reading.volume) { () throws(CodecError) in
      try NIfTIVolume(bytes, volume: reading.volume)
    }
    let geometry = SliceGeometry(volume.header, along: reading.axis)
    if let refusal = Image.refusal(width: geometry.width, height: geometry.height) {
      throw CodecError(reason: refusal)
    }
    return (volume, geometry)
  }
}
