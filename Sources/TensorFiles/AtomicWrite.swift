import Glibc
package import Tensors

/// The system's words for an error number.
func systemReason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }

/// Writes files so that a reader sees the old content or the whole new one, never a part.
///
/// The bytes go to a temporary file in the same folder, which is synchronised to the disk and then renamed. On any failure the
/// temporary file is removed and the old file is untouched.
package enum AtomicWrite {
  /// Writes what `body` puts out.
  ///
  /// - Throws: a `FileError` with the system's reason (a full disk, no permission), or what `body` throws.
  package static func file(
    at path: String, _ body: (inout FileWriter) throws -> Void
  ) throws {
    // A link is followed, so that it keeps pointing at the file that now has the new content.
    let target = resolvingLink(path)
    var template = Array((target + ".tmp-XXXXXX").utf8CString)
    let descriptor = unsafe mkstemp(&template)
    guard descriptor >= 0 else { throw FileError.unwritable(path, number: errno) }
    let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var isOpen = true
    do {
      var writer = FileWriter(path: path, descriptor: descriptor)
      try body(&writer)
      try writer.flush()
      guard fchmod(descriptor, permissions(of: target)) == 0, fsync(descriptor) == 0 else {
        throw FileError.unwritable(path, number: errno)
      }
      isOpen = false
      guard close(descriptor) == 0 else { throw FileError.unwritable(path, number: errno) }
      guard unsafe rename(temporary, target) == 0 else { throw FileError.unwritable(path, number: errno) }
    } catch {
      if isOpen { close(descriptor) }
      unsafe unlink(temporary)
      throw error
    }
    synchronizeFolder(of: target)
  }

  /// Writes bytes.
  package static func file(at path: String, bytes: [UInt8]) throws {
    try file(at: path) { writer in try writer.write(bytes) }
  }

  private static func resolvingLink(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// The mode of the file that is replaced, else read and write for all that the process's mask allows.
  private static func permissions(of path: String) -> mode_t {
    var information = stat()
    if unsafe stat(path, &information) == 0 { return information.st_mode & 0o777 }
    let mask = umask(0)
    umask(mask)
    return 0o666 & ~mask
  }

  /// Makes the rename itself durable; a file system that cannot do that loses nothing but time.
  private static func synchronizeFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

/// Takes the bytes of a file in order.
package struct FileWriter {
  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  /// Bytes written so far.
  package private(set) var byteCount = 0

  fileprivate init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Appends bytes.
  package mutating func write(_ bytes: [UInt8]) throws {
    byteCount += bytes.count
    buffer += bytes
    if buffer.count >= 1 << 16 { try flush() }
  }

  /// Appends text in UTF-8.
  package mutating func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Appends the elements of a tensor as they lie in memory: row-major, little-endian.
  package mutating func write(_ tensor: Tensor) throws {
    try flush()
    byteCount += tensor.byteCount
    try unsafe tensor.withUnsafeBytes { bytes in try unsafe writeAll(bytes) }
  }

  /// Hands everything to the system.
  mutating func flush() throws {
    try unsafe buffer.withUnsafeBytes { bytes in try unsafe writeAll(bytes) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws {
    var position = 0
    while position < bytes.count, let base = bytes.baseAddress {
      let written = unsafe Glibc.write(descriptor, base + position, bytes.count - position)
      if written < 0 {
        guard errno == EINTR else { throw FileError.unwritable(path, number: errno) }
      } else {
        position += written
      }
    }
  }
}
