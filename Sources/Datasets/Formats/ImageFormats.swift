import Tensors

/// The formats that are read: what is asked wherever files are listed by their names or recognised by their content.
package struct ImageFormats: Sendable {
  /// The formats that every verb reads.
  package static let standard = ImageFormats([PNGFormat(), JPEGFormat()])

  /// Images of a file that are believed.
  package static let frameLimit = 100_000

  private let formats: [any ImageFormat]

  /// A choice of formats; content is recognised in this order.
  package init(_ formats: [any ImageFormat]) {
    precondition(!formats.isEmpty, "some format is read")
    self.formats = formats
  }

  /// The names, as in `PNG and JPEG`.
  var names: String { Self.text(formats.map(\.name), joinedBy: "and") }

  /// What a file of another content is, as in `neither PNG nor JPEG`.
  var denial: String {
    formats.count == 1
      ? "not \(formats[0].name)" : "neither \(Self.text(formats.map(\.name), joinedBy: "nor"))"
  }

  /// File name extensions, in lower case.
  var extensions: [String] { formats.flatMap(\.extensions) }

  /// Whether files with this ending of their names are read.
  func reads(ending: String) -> Bool { formats.contains { $0.extensions.contains(ending) } }

  /// The frames of a file, each a sample: nil alone where it is one image.
  func frames(ofFile path: String) -> [Int?] { frameCount(ofFile: path).map { Array(0..<$0) } ?? [nil] }

  /// How many images a file holds; nil where it is one image.
  ///
  /// Files whose name or content is that of a format of single images are not looked into. Nor does what cannot be opened fail here:
  /// it is reported with all others when images are read.
  private func frameCount(ofFile path: String) -> Int? {
    let several = formats.filter(\.holdsFrames)
    guard !several.isEmpty else { return nil }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let named = formats.first { FileKind.endings(of: name).contains(where: $0.extensions.contains) }
    guard named?.holdsFrames ?? true, let storage = try? MemoryMap.file(at: path) else { return nil }
    return withExtendedLifetime(storage) {
      let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
      let content = unsafe bytes.bindMemory(to: UInt8.self).span
      guard let format = several.first(where: { $0.recognizes(content) }),
        let count = try? format.frameCount(of: content, path: path), count > 1, count <= Self.frameLimit
      else { return nil }
      return count
    }
  }

  /// Decodes one image of a file; the content decides what it is, not the name.
  func decode(frame: Int, of bytes: Span<UInt8>, path: String) throws(CodecError) -> Image {
    let format = try format(holding: frame, of: bytes, path: path)
    do throws(CodecError) { return try format.decode(frame: frame, of: bytes, path: path) } catch {
      throw CodecError(reason: "cannot be decoded as \(format.name): \(error.reason)")
    }
  }

  /// One image of a file as the values that it stores.
  func values(frame: Int, of bytes: Span<UInt8>, path: String) throws(CodecError) -> StoredValues {
    let format = try format(holding: frame, of: bytes, path: path)
    do throws(CodecError) { return try format.values(frame: frame, of: bytes, path: path) } catch {
      throw CodecError(reason: "cannot be read as a mask in \(format.name): \(error.reason)")
    }
  }

  /// The format of a file that holds an image of this number.
  private func format(holding frame: Int, of bytes: Span<UInt8>, path: String) throws(CodecError)
    -> any ImageFormat
  {
    guard let format = formats.first(where: { $0.recognizes(bytes) }) else {
      let found = Self.foreignFormat(of: bytes).map { " but \($0)" } ?? ""
      throw CodecError(reason: "\(denial)\(found) (other formats are not read; convert the image)")
    }
    do throws(CodecError) {
      let count = try format.frameCount(of: bytes, path: path)
      guard (1...Self.frameLimit).contains(count) else {
        throw CodecError(reason: "the file claims \(count) images, expected 1 … \(Self.frameLimit)")
      }
      guard frame < count else {
        throw CodecError(
          reason: "the file holds \(count == 1 ? "one image" : "images 0 … \(count - 1)"), no image \(frame)")
      }
      return format
    } catch {
      throw CodecError(reason: "cannot be decoded as \(format.name): \(error.reason)")
    }
  }

  /// The format of a file that is not read, by its first bytes.
  private static func foreignFormat(of bytes: Span<UInt8>) -> String? {
    let starts: [(format: String, offset: Int, bytes: [UInt8])] = [
      ("BMP", 0, Array("BM".utf8)), ("GIF", 0, Array("GIF8".utf8)), ("WebP", 8, Array("WEBP".utf8)),
      ("TIFF", 0, [0x49, 0x49, 42, 0]), ("TIFF", 0, [0x4D, 0x4D, 0, 42]),
      ("DICOM", 128, Array("DICM".utf8)), ("NIfTI", 344, Array("n+1".utf8)), ("gzip", 0, [0x1F, 0x8B]),
      ("HEIF or AVIF", 4, Array("ftyp".utf8)), ("JPEG 2000", 4, Array("jP  ".utf8)),
    ]
    for start in starts where bytes.holds(start.bytes, at: start.offset) { return start.format }
    return nil
  }

  private static func text(_ names: [String], joinedBy word: String) -> String {
    let head = names.dropLast().joined(separator: ", ")
    return head.isEmpty ? names[0] : "\(head) \(word) \(names[names.count - 1])"
  }
}
