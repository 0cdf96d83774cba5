/// A format of image files: one file in this folder, one entry in `ImageFormats.standard`.
///
/// Pixels are what Pillow or the format's own reference program gives for the file, upright.
package protocol ImageFormat: Sendable {
  /// What users call it, as in `neither PNG nor JPEG`.
  var name: String { get }
  /// The endings of file names, in lower case without the dot, the usual one first; `nii.gz` is one as well.
  var extensions: [String] { get }
  /// Whether a file may hold several images; files of other formats are not opened to be listed.
  var holdsFrames: Bool { get }

  /// Whether files are decoded by a process of their own where there is one: what is read by large libraries, or by rules of many cases.
  var isDecodedApart: Bool { get }
  /// Whether values are no grey levels but become them as `ImageReading` says.
  var hasIntensities: Bool { get }

  /// Whether files without an ending are searched for this format too, where their bytes leave no doubt.
  func recognizes(unnamed bytes: Span<UInt8>) -> Bool
  /// Bytes of memory that decoding a file of this size may take, in a process of its own.
  func memoryLimit(fileSize: Int) -> Int

  /// Whether the bytes start as files of this format do.
  func recognizes(_ bytes: Span<UInt8>) -> Bool

  /// What a file says of its images, above all how many there are.
  func contents(of bytes: Span<UInt8>, path: String) throws(CodecError) -> FileContents

  /// Decodes one image of a file; `frame` is below the file's count.
  ///
  /// Bytes are anything: whatever is read is checked against their count, and extents by `Image.refusal` before memory is taken.
  ///
  /// - Parameter path: the file, for decoders that read it themselves.
  func decode(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String) throws(CodecError)
    -> Image

  /// One image of a file as the values that it stores, which are classes where the file is a mask.
  func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String) throws(CodecError)
    -> StoredValues
}

extension ImageFormat {
  package var holdsFrames: Bool { false }
  package var isDecodedApart: Bool { false }
  package var hasIntensities: Bool { false }
  package func recognizes(unnamed bytes: Span<UInt8>) -> Bool { false }
  /// Damaged lengths would have a decoder fill gigabytes before it finds that nothing follows.
  package func memoryLimit(fileSize: Int) -> Int { min(1 << 30 + 8 * fileSize, 4 << 30) }
  package func contents(of bytes: Span<UInt8>, path: String) throws(CodecError) -> FileContents {
    FileContents()
  }
  package func values(frame: Int, _ reading: ImageReading, of bytes: Span<UInt8>, path: String)
    throws(CodecError) -> StoredValues
  {
    try StoredValues(try decode(frame: frame, reading, of: bytes, path: path))
  }
}

extension Span<UInt8> {
  /// Whether these bytes stand at a position.
  package func holds(_ expected: [UInt8], at position: Int = 0) -> Bool {
    guard count - position >= expected.count else { return false }
    return expected.indices.allSatisfy { self[position + $0] == expected[$0] }
  }
}

/// Why a codec gave up; the file's name is added by the caller.
package struct CodecError: Error {
  /// One line, lower case, without full stop.
  package let reason: String
  /// What the user can do about it; nil where only another file helps.
  package let hint: String?

  /// A reason.
  package init(reason: String, hint: String? = nil) { (self.reason, self.hint) = (reason, hint) }

  /// The same, behind what could not be done.
  func behind(_ claim: String) -> Self { Self(reason: "\(claim): \(reason)", hint: hint) }

  /// The reason from a zero-terminated buffer, in our manner: lower case start, no full stop.
  init(cText: [CChar]) {
    let bytes = cText.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    self.init(libraryText: String(decoding: bytes, as: UTF8.self))
  }

  /// The reason from a library's message.
  init(libraryText: String) {
    let text = libraryText.hasSuffix(".") ? String(libraryText.dropLast()) : libraryText
    self.init(reason: text.isEmpty ? "unknown reason" : text)
  }
}
