import Tensors

/// The formats that are read: what is asked wherever files are listed by their names or recognised by their content.
package struct ImageFormats: Sendable {
  /// The formats that every verb reads.
  ///
  /// DICOM files may start as any others do, TIFF above all, so that other programs can open them.
  package static let standard = ImageFormats([
    PNGFormat(), JPEGFormat(), DICOMFormat(), NIfTIFormat(), TIFFFormat(), BMPFormat(),
  ])

  /// The formats that are decoded from memory.
  static let inMemory = ImageFormats([PNGFormat(), JPEGFormat()])

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

  /// What the files of a listing hold, as far as it matters before their pixels are read.
  ///
  /// - Returns: nil for what holds one image and says nothing else, and for what cannot be opened: that is reported with all others when
  ///   images are read.
  package func contents(ofFile path: String) -> FileContents? {
    guard let storage = storage(ofFramesIn: path) else { return nil }
    return withExtendedLifetime(storage) {
      let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
      let content = unsafe bytes.bindMemory(to: UInt8.self).span
      guard formats.contains(where: { $0.holdsFrames && $0.recognizes(content) }) else { return nil }
      return try? contents(of: content, path: path)
    }
  }

  /// The frames of a file, each a sample: nil alone where it is one image.
  func frames(of contents: FileContents?, _ reading: ImageReading) -> [Int?] {
    guard let contents else { return [nil] }
    let count = contents.frameCount(reading)
    // A volume of one slice is still cut from a volume.
    guard count > 1 || contents.volume != nil, (1...Self.frameLimit).contains(count) else { return [nil] }
    return Array(0..<count)
  }

  /// Whether a file's values become grey levels as `ImageReading` says, as far as its name or its first bytes tell.
  func hasIntensities(_ path: String) -> Bool {
    guard let storage = storage(ofFramesIn: path) else { return false }
    return withExtendedLifetime(storage) {
      let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
      return formats.first { unsafe $0.recognizes(bytes.bindMemory(to: UInt8.self).span) }?.hasIntensities
        ?? false
    }
  }

  /// The bytes of a file that may hold several images; files whose names are those of formats of single images are not opened.
  private func storage(ofFramesIn path: String) -> Storage? {
    guard formats.contains(where: \.holdsFrames) else { return nil }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let named = formats.first { FileKind.endings(of: name).contains(where: $0.extensions.contains) }
    return named?.holdsFrames ?? true ? try? MemoryMap.file(at: path) : nil
  }

  /// Whether a file without an ending is an image all the same, as those of DICOM archives are.
  func recognizes(unnamed path: String) -> Bool {
    guard let storage = try? MemoryMap.file(at: path) else { return false }
    return withExtendedLifetime(storage) {
      let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
      let content = unsafe bytes.bindMemory(to: UInt8.self).span
      return formats.contains { $0.recognizes(unnamed: content) }
    }
  }

  /// What a file says of its images.
  func contents(of bytes: Span<UInt8>, path: String) throws(CodecError) -> FileContents {
    let format = try format(of: bytes)
    if case .contents(let contents)? = try reply(of: format, .contents, path, 0, ImageReading()) {
      return contents
    }
    do throws(CodecError) { return try format.contents(of: bytes, path: path) } catch {
      throw error.behind("cannot be decoded as \(format.name)")
    }
  }

  /// Decodes one image of a file; the content decides what it is, not the name.
  func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String) throws(CodecError)
    -> Image
  {
    let format = try format(of: bytes)
    if case .image(let image)? = try reply(of: format, .image, path, frame, reading) { return image }
    try check(frame, reading, of: bytes, in: format, path: path)
    do throws(CodecError) { return try format.decode(frame: frame, reading, of: bytes, path: path) } catch {
      throw error.behind("cannot be decoded as \(format.name)")
    }
  }

  /// One image of a file as the values that it stores.
  func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String) throws(CodecError)
    -> StoredValues
  {
    let format = try format(of: bytes)
    if case .values(let values)? = try reply(of: format, .values, path, frame, reading) { return values }
    try check(frame, reading, of: bytes, in: format, path: path)
    do throws(CodecError) { return try format.values(frame: frame, reading, of: bytes, path: path) } catch {
      throw error.behind("cannot be read as a mask in \(format.name)")
    }
  }

  /// What a process of its own answers for a format that has one; nil where the format is decoded here.
  private func reply(
    of format: any ImageFormat, _ subject: DecodingRequest.Subject, _ path: String, _ frame: Int,
    _ reading: ImageReading
  ) throws(CodecError) -> DecodingReply? {
    guard format.isDecodedApart else { return nil }
    let request = DecodingRequest(subject, path, frame: frame, reading)
    let reply: DecodingReply?
    do throws(CodecError) { reply = try DecodingProcesses.shared.answer(to: request) } catch {
      throw error.behind("cannot be decoded as \(format.name)")
    }
    if case .refusal(let error)? = reply { throw error }
    return reply
  }

  /// The format of a file.
  func format(of bytes: Span<UInt8>) throws(CodecError) -> any ImageFormat {
    if let format = formats.first(where: { $0.recognizes(bytes) }) { return format }
    let found = Self.foreignFormat(of: bytes).map { " but \($0)" } ?? ""
    throw CodecError(reason: "\(denial)\(found) (other formats are not read; convert the image)")
  }

  /// Refuses the number of an image that the file does not hold.
  private func check(
    _ frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, in format: any ImageFormat, path: String
  ) throws(CodecError) {
    do throws(CodecError) {
      let count = try format.contents(of: bytes, path: path).frameCount(reading)
      guard (1...Self.frameLimit).contains(count) else {
        throw CodecError(reason: "the file claims \(count) images, expected 1 … \(Self.frameLimit)")
      }
      guard frame < count else {
        throw CodecError(
          reason: "the file holds \(count == 1 ? "one image" : "images 0 … \(count - 1)"), no image \(frame)",
          hint: "give the number of an image that it holds behind #, counted from 0")
      }
    } catch {
      throw error.behind("cannot be decoded as \(format.name)")
    }
  }

  /// The format of a file that is not read, by its first bytes.
  private static func foreignFormat(of bytes: Span<UInt8>) -> String? {
    let starts: [(format: String, offset: Int, bytes: [UInt8])] = [
      ("GIF", 0, Array("GIF8".utf8)), ("WebP", 8, Array("WEBP".utf8)),
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
