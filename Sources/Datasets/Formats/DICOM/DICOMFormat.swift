/// DICOM through GDCM: uncompressed, deflated, RLE, JPEG, JPEG-LS and JPEG 2000; grey of 1 to 32 bits, palettes, RGB and YBR.
///
/// Grey becomes brightness as `DICOMBrightness` has it, floats from 0 to 1; colours of 8 bits stay so. Overlays are not drawn.
package struct DICOMFormat: ImageFormat {
  package let name = "DICOM"
  package let extensions = ["dcm", "dicom", "ima"]
  package let holdsFrames = true
  package let isDecodedApart = true
  package let hasIntensities = true

  private static let last = LastFile<DICOMPixels>()

  /// The format.
  package init() {}

  /// Files start with 128 bytes of anything and `DICM`, also those without an ending that archives write.
  package func recognizes(unnamed bytes: Span<UInt8>) -> Bool { bytes.holds(Array("DICM".utf8), at: 128) }

  /// Older files start with an attribute of group 2 or 8 at once.
  package func recognizes(_ bytes: Span<UInt8>) -> Bool {
    if recognizes(unnamed: bytes) { return true }
    guard bytes.count > 132 else { return false }
    return (bytes[0] == 2 || bytes[0] == 8) && bytes[1] == 0 && bytes[2] < 0x20 && bytes[3] == 0
  }

  package func contents(of bytes: Span<UInt8>, path: String) throws(CodecError) -> FileContents {
    let root = try DICOMFile(bytes, hasPixels: false).root
    var contents = FileContents()
    contents.frameCount = DICOMPixels.frameCount(of: root)
    contents.patient = root.text(.patientIdentifier)
    contents.instance = root.text(.instanceIdentifier)
    let spacing =
      [
        root, root.item(.perFrameGroups)?.item(.pixelMeasures),
        root.item(.sharedGroups)?.item(.pixelMeasures),
      ]
      .compactMap(\.self).map { $0.decimals(.pixelSpacing) }.first { $0.count == 2 }
    contents.spacing = spacing.flatMap { PixelSpacing(rows: $0[0], columns: $0[1]) }
    if DICOMSegmentation.isSegmentation(root) {
      contents.segmentation = try DICOMSegmentation.frames(of: root)
    }
    return contents
  }

  package func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> Image
  {
    let (root, pixels) = try parsed(bytes, path)
    if let image = try DICOMColors.image(root, frame: frame, pixels) { return image }
    let brightness = try DICOMBrightness(root, frame: frame, pixels, reading.window)
    return Image(
      width: pixels.width, height: pixels.height, channels: 1,
      floats: brightness.levels(of: pixels.values(ofFrame: frame)))
  }

  /// What is stored; of a segmentation the number of the frame's class, and 0 around it.
  package func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> StoredValues
  {
    let (root, pixels) = try parsed(bytes, path)
    guard pixels.samples == 1 else {
      throw CodecError(reason: "the mask is in colour; one value per class is read")
    }
    let factor =
      DICOMSegmentation.isSegmentation(root) ? try DICOMSegmentation.segment(ofFrame: frame, root) : 1
    var values: [UInt16] = []
    values.reserveCapacity(pixels.width * pixels.height)
    for value in pixels.values(ofFrame: frame) {
      guard let value = UInt16(exactly: Int(value) * factor) else {
        throw CodecError(reason: "the value \(value) is no class (0 … 65535)")
      }
      values.append(value)
    }
    return StoredValues(width: pixels.width, height: pixels.height, values: values)
  }

  private func parsed(_ bytes: Span<UInt8>, _ path: String) throws(CodecError) -> (DICOMDataSet, DICOMPixels)
  {
    var parsed: DICOMFile?
    let pixels = try Self.last.content(of: path) { () throws(CodecError) in
      let file = try DICOMFile(bytes, hasPixels: true)
      parsed = file
      return try DICOMPixels(of: file)
    }
    // Pixels that were kept are those of a file that is not parsed any more.
    let file = if let parsed { parsed } else { try DICOMFile(bytes, hasPixels: false) }
    return (file.root, pixels)
  }
}
