import Glibc
import Tensors

/// A file that appears under its name whole or not at all.
///
/// The bytes go into a temporary file in the same folder, `.NAME.PROCESS.NUMBER.tmp`, which is renamed at the end: a file of that
/// name that is still mapped stays as it was for whoever maps it. Without `commit` nothing remains. A process that is killed
/// leaves its temporary file behind; the system has taken its lock off it, by which `removeLeftovers` knows it.
package final class PendingFile {
  private let path: String
  private let target: String
  private let temporary: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 18

  /// Creates the temporary file.
  ///
  /// A symbolic link at `path` stays, and what it points to is replaced.
  package init(_ path: String) throws(FileError) {
    self.path = path
    target = resolvedPath(path) ?? path
    let place = PendingFile.place(of: target)
    var created: (name: String, descriptor: Int32)?
    for attempt in 0..<1000 where created == nil {
      let candidate = "\(place.folder)/.\(place.stem).\(getpid()).\(attempt).tmp"
      let descriptor = unsafe open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        created = (candidate, descriptor)
      } else if errno != EEXIST {
        break
      }
    }
    guard let created else { throw .unwritable(path, number: errno) }
    temporary = created.name
    descriptor = created.descriptor
    // Where the file system has no locks, leftovers are not told apart and stay.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    var earlier = stat()
    if unsafe stat(target, &earlier) == 0 { _ = fchmod(descriptor, earlier.st_mode & 0o777) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unsafe unlink(temporary)
  }

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    buffer += bytes
    if buffer.count >= PendingFile.bufferSize { try flush() }
  }

  /// Appends bytes from where they are; many are written without a copy.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    guard bytes.count >= PendingFile.bufferSize / 4 else { return unsafe try write(Array(bytes)) }
    try flush()
    try unsafe writeAll(bytes)
  }

  /// Makes the file appear.
  ///
  /// - Parameter isDurable: whether to wait until the bytes are on the disk first.
  package func commit(isDurable: Bool = true) throws(FileError) {
    try flush()
    if isDurable, fsync(descriptor) != 0 { throw .unwritable(path, number: errno) }
    guard unsafe rename(temporary, target) == 0 else { throw .unwritable(path, number: errno) }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw .unwritable(path, number: errno) }
    guard isDurable else { return }
    // A file system that cannot make the rename itself durable loses nothing but time.
    let folder = unsafe open(PendingFile.place(of: target).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  private func flush() throws(FileError) {
    guard !buffer.isEmpty else { return }
    try unsafe buffer.withUnsafeBufferPointer { bytes throws(FileError) in
      try unsafe writeAll(UnsafeRawBufferPointer(bytes))
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var offset = 0
    while offset < bytes.count {
      let written = unsafe Glibc.write(
        descriptor, bytes.baseAddress.map { unsafe $0 + offset }, min(bytes.count - offset, 1 << 30))
      if written > 0 {
        offset += written
      } else if errno != EINTR {
        throw .unwritable(path, number: errno)
      }
    }
  }

  /// The folder of a path, and as much of the file's name as leaves room for what a temporary name adds.
  private static func place(of path: String) -> (folder: String, stem: String) {
    let slash = path.lastIndex(of: "/")
    var stem = slash.map { String(path[path.index(after: $0)...]) } ?? path
    while stem.utf8.count > 200 { stem.removeLast() }
    guard let slash else { return (".", stem) }
    return (String(path[..<slash]), stem)
  }
}

extension PendingFile {
  /// Removes the temporary files that processes left beside a file when they died.
  package static func removeLeftovers(of path: String) {
    let place = place(of: resolvedPath(path) ?? path)
    removeLeftovers(in: place.folder, beginningWith: ".\(place.stem).")
  }

  /// Removes the temporary files that processes left in a folder when they died.
  package static func removeLeftovers(in folder: String, beginningWith start: String = ".") {
    for name in Folder.names(in: folder) ?? [] where name.hasPrefix(start) && isTemporary(name) {
      let path = folder + "/" + name
      let descriptor = unsafe open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      var information = stat()
      // A living process holds the lock of what it writes.
      if unsafe fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
        flock(descriptor, LOCK_EX | LOCK_NB) == 0
      {
        unsafe unlink(path)
      }
      close(descriptor)
    }
  }

  /// Whether a name is of the form `.NAME.PROCESS.NUMBER.tmp`.
  private static func isTemporary(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    func isNumber(_ text: Substring) -> Bool {
      !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
    }
    return parts.count >= 5 && parts[0].isEmpty && !parts[1].isEmpty && parts[parts.count - 1] == "tmp"
      && isNumber(parts[parts.count - 2]) && isNumber(parts[parts.count - 3])
  }
}

/// A path without symbolic links and dots, or nil where there is no such file.
func resolvedPath(_ path: String) -> String? {
  guard let pointer = unsafe realpath(path, nil) else { return nil }
  defer { unsafe free(pointer) }
  return unsafe String(cString: pointer)
}
