import Tensors

/// Reads image files; the content decides what they are, not the name.
package enum ImageFile {
  /// File name extensions that folders are searched for, in lower case.
  package static let extensions = ["jfif", "jpe", "jpeg", "jpg", "png"]

  /// Decodes a PNG or JPEG file, upright.
  ///
  /// - Throws: an error that names the file and the reason: missing, empty, truncated, damaged, too large, no image.
  package static func read(_ path: String) throws(DatasetError) -> Image {
    try measured(path, isHashing: false).image
  }

  /// What `read` gives, and of the same reading of the file its size in bytes and, where wanted, its SHA-256.
  static func measured(_ path: String, isHashing: Bool) throws(DatasetError) -> (
    image: Image, byteCount: Int, sha256: String?
  ) {
    let storage: Storage
    do { storage = try MemoryMap.file(at: path) } catch {
      throw error.isMissing ? .missing(path, error.reason) : .missing(path, "cannot be read: \(error.reason)")
    }
    guard storage.byteCount > 0 else { throw .badFile(path, "the file is empty (0 bytes)") }
    do {
      let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
      let image = try unsafe decode(bytes)
      return (image, storage.byteCount, isHashing ? SHA256.hexadecimal(of: storage) : nil)
    } catch { throw .badFile(path, error.reason) }
  }

  /// Decodes PNG or JPEG from memory; `name` stands for the file in errors.
  package static func decode(_ bytes: [UInt8], named name: String) throws(DatasetError) -> Image {
    let result: Result<Image, CodecError> = unsafe bytes.withUnsafeBytes { bytes in
      Result { () throws(CodecError) in try unsafe decode(bytes) }
    }
    switch result {
    case .success(let image): return image
    case .failure(let error): throw .badFile(name, error.reason)
    }
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Image {
    if unsafe PNGCoder.recognizes(bytes) {
      do { return try unsafe PNGCoder.decode(bytes) } catch {
        throw CodecError(reason: "cannot be decoded as PNG: \(error.reason)")
      }
    }
    if unsafe JPEGDecoder.recognizes(bytes) {
      do { return try unsafe JPEGDecoder.decode(bytes) } catch {
        throw CodecError(reason: "cannot be decoded as JPEG: \(error.reason)")
      }
    }
    let found = unsafe foreignFormat(of: bytes).map { " but \($0)" } ?? ""
    throw CodecError(reason: "neither PNG nor JPEG\(found) (other formats are not read; convert the image)")
  }

  /// The format of a file that is not read, by its first bytes.
  private static func foreignFormat(of bytes: UnsafeRawBufferPointer) -> String? {
    let starts: [(format: String, offset: Int, bytes: [UInt8])] = [
      ("BMP", 0, Array("BM".utf8)), ("GIF", 0, Array("GIF8".utf8)), ("WebP", 8, Array("WEBP".utf8)),
      ("TIFF", 0, [0x49, 0x49, 42, 0]), ("TIFF", 0, [0x4D, 0x4D, 0, 42]),
      ("DICOM", 128, Array("DICM".utf8)), ("NIfTI", 344, Array("n+1".utf8)), ("gzip", 0, [0x1F, 0x8B]),
      ("HEIF or AVIF", 4, Array("ftyp".utf8)), ("JPEG 2000", 4, Array("jP  ".utf8)),
    ]
    return starts.first { unsafe bytes.dropFirst($0.offset).starts(with: $0.bytes) }?.format
  }
}
