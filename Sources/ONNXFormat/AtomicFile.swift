import Glibc
import Tensors

/// A file that appears under its name whole or not at all.
///
/// The bytes go into a temporary file in the same folder, which is renamed at the end: a file of that name that
/// is still mapped stays as it was for whoever maps it. Without `commit` nothing remains.
final class AtomicFile {
  private let path: String
  private let temporary: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 18

  /// Creates the temporary file.
  ///
  /// A symbolic link at `path` stays, and what it points to is replaced.
  init(_ path: String) throws(FormatError) {
    self.path = resolvedPath(path) ?? path
    let folder = ExternalData.folder(of: self.path)
    let name = self.path.split(separator: "/").last.map(String.init) ?? "file"
    var created: (name: String, descriptor: Int32)?
    for attempt in 0..<1000 where created == nil {
      let candidate = ExternalData.path(".\(name).\(getpid()).\(attempt).tmp", in: folder)
      let descriptor = unsafe open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        created = (candidate, descriptor)
      } else if errno != EEXIST {
        break
      }
    }
    guard let created else {
      let number = errno
      throw FormatError(
        "cannot be written: \(reason(number))", code: number == ENOENT ? .missingInput : .workFailed,
        file: path)
    }
    temporary = created.name
    descriptor = created.descriptor
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unsafe unlink(temporary)
  }

  /// Appends bytes from where they are.
  func append(_ encoded: Encoded) throws(FormatError) {
    for piece in encoded.pieces {
      switch piece {
      case .bytes(let bytes): try append(bytes)
      case .stored(let storage, let range): try append(storage, range)
      }
    }
  }

  /// Appends bytes in memory.
  func append(_ bytes: [UInt8]) throws(FormatError) {
    buffer += bytes
    if buffer.count >= AtomicFile.bufferSize { try flush() }
  }

  /// Appends a range of storage; a large one is written without a copy.
  func append(_ storage: Storage, _ range: Range<Int>) throws(FormatError) {
    if range.count < AtomicFile.bufferSize / 4 {
      try append(storage.bytes(range))
      return
    }
    try flush()
    try unsafe write(UnsafeRawBufferPointer(start: storage.base + range.lowerBound, count: range.count))
  }

  /// Makes the file appear.
  ///
  /// - Parameter isDurable: whether to wait until the bytes are on the disk first.
  func commit(isDurable: Bool = true) throws(FormatError) {
    try flush()
    if isDurable, fsync(descriptor) != 0 { throw failure() }
    guard unsafe rename(temporary, path) == 0 else { throw failure() }
    close(descriptor)
    descriptor = -1
    guard isDurable else { return }
    let folder = unsafe open(ExternalData.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  private func flush() throws(FormatError) {
    guard !buffer.isEmpty else { return }
    try unsafe buffer.withUnsafeBufferPointer { bytes throws(FormatError) in
      try unsafe write(UnsafeRawBufferPointer(bytes))
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var offset = 0
    while offset < bytes.count {
      let written = unsafe Glibc.write(
        descriptor, bytes.baseAddress.map { unsafe $0 + offset }, min(bytes.count - offset, 1 << 30))
      if written > 0 {
        offset += written
      } else if errno != EINTR {
        throw failure()
      }
    }
  }

  private func failure() -> FormatError {
    let number = errno
    return FormatError(
      "cannot be written: \(reason(number))", code: .workFailed, file: path,
      hint: number == ENOSPC
        ? "free some space or write to another disk; nothing that was there is lost" : nil)
  }
}
