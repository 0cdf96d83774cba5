package import Tensors

/// Writes files so that a reader sees the old content or the whole new one, never a part.
///
/// On any failure the old file is untouched and nothing else is left.
package enum AtomicWrite {
  /// Writes what `body` puts out.
  ///
  /// - Parameter isDurable: whether to wait until the bytes are on the disk.
  /// - Throws: a `FileError` with the system's reason (a full disk, no permission), or what `body` throws.
  package static func file(
    at path: String, isDurable: Bool = true, _ body: (inout FileWriter) throws -> Void
  ) throws {
    let file = try PendingFile(path)
    var writer = FileWriter(file)
    try body(&writer)
    try file.commit(isDurable: isDurable)
  }

  /// Writes bytes.
  package static func file(at path: String, bytes: [UInt8], isDurable: Bool = true) throws {
    try file(at: path, isDurable: isDurable) { writer in try writer.write(bytes) }
  }
}

/// Takes the bytes of a file in order.
package struct FileWriter {
  private let file: PendingFile
  /// Bytes written so far.
  package private(set) var byteCount = 0

  fileprivate init(_ file: PendingFile) { self.file = file }

  /// Appends bytes.
  package mutating func write(_ bytes: [UInt8]) throws {
    byteCount += bytes.count
    try file.write(bytes)
  }

  /// Appends text in UTF-8.
  package mutating func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Appends the elements of a tensor as they lie in memory: row-major, little-endian.
  package mutating func write(_ tensor: Tensor) throws {
    byteCount += tensor.byteCount
    try unsafe tensor.withUnsafeBytes { bytes in try unsafe file.write(bytes) }
  }
}
