import Tensors

/// Reads image files; the content decides what they are, not the name.
package enum ImageFile {
  /// Decodes a file, upright; of one that holds several images the first.
  ///
  /// - Throws: an error that names the file and the reason: missing, empty, truncated, damaged, too large, no image.
  package static func read(_ path: String, by formats: ImageFormats = .standard) throws(DatasetError) -> Image
  {
    try read(Sample(path: path, label: 0, index: 0), by: formats)
  }

  /// Decodes the image of a sample.
  package static func read(_ sample: Sample, by formats: ImageFormats = .standard) throws(DatasetError)
    -> Image
  {
    try measured(sample, by: formats, isHashing: false).image
  }

  /// What `read` gives, and of the same reading of the file its size in bytes and, where wanted, its SHA-256.
  static func measured(_ sample: Sample, by formats: ImageFormats, isHashing: Bool) throws(DatasetError) -> (
    image: Image, byteCount: Int, sha256: String?
  ) {
    let storage = try mapped(sample.path)
    defer { withExtendedLifetime(storage) {} }
    do {
      let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
      let content = unsafe bytes.bindMemory(to: UInt8.self).span
      let image = try formats.decode(
        frame: sample.frame ?? 0, sample.reading, of: content, path: sample.path)
      return (image, storage.byteCount, isHashing ? SHA256.hexadecimal(of: storage) : nil)
    } catch { throw .badImage(sample, error.reason, hint: error.hint) }
  }

  /// The values that a sample's file stores, which are classes where it is a mask.
  static func values(_ sample: Sample, by formats: ImageFormats) throws(DatasetError) -> StoredValues {
    let storage = try mapped(sample.path)
    defer { withExtendedLifetime(storage) {} }
    do {
      let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
      let content = unsafe bytes.bindMemory(to: UInt8.self).span
      return try formats.values(frame: sample.frame ?? 0, sample.reading, of: content, path: sample.path)
    } catch { throw .badImage(sample, error.reason, hint: error.hint) }
  }

  private static func mapped(_ path: String) throws(DatasetError) -> Storage {
    let storage: Storage
    do { storage = try MemoryMap.file(at: path) } catch {
      throw error.isMissing ? .missing(path, error.reason) : .missing(path, "cannot be read: \(error.reason)")
    }
    guard storage.byteCount > 0 else { throw .badFile(path, "the file is empty (0 bytes)") }
    return storage
  }

  /// Decodes an image from memory; `name` stands for the file in errors.
  package static func decode(_ bytes: [UInt8], named name: String) throws(DatasetError) -> Image {
    do { return try ImageFormats.inMemory.decode(frame: 0, ImageReading(), of: bytes.span, path: name) } catch
    {
      throw .badFile(name, error.reason, hint: error.hint)
    }
  }
}
