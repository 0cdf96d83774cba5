import Tensors

/// Reads image files; the content decides what they are, not the name.
package enum ImageFile {
  /// File name extensions that folders are searched for, in lower case.
  package static let extensions = ["jpeg", "jpg", "png"]

  /// Whether the name ends as an image's does, in any case.
  package static func hasImageExtension(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }

  /// Decodes a PNG or JPEG file, upright.
  ///
  /// - Throws: an error that names the file and the reason: missing, empty, truncated, damaged, too large, no image.
  package static func read(_ path: String) throws(DatasetError) -> Image {
    let storage: Storage
    do { storage = try MemoryMap.file(at: path) } catch {
      throw error.isMissing ? .missing(path, error.reason) : .missing(path, "cannot be read: \(error.reason)")
    }
    guard storage.byteCount > 0 else { throw .badFile(path, "the file is empty (0 bytes)") }
    do {
      return try unsafe decode(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
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
    throw CodecError(reason: "neither PNG nor JPEG (other formats are not read; convert the image)")
  }
}
