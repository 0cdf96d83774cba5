import Glibc
import Tensors

/// The right to write into a folder, which one process has at a time.
///
/// A lock of the system (`flock`) on the file `.lock` in the folder: it ends with its process, however that ends. The file says who
/// holds it, and goes when the lock is released; after a kill it stays and means nothing.
package final class FolderLock {
  private let path: String
  private let descriptor: Int32

  /// Takes the lock, and gives nil where the folder cannot have one: it is read-only, or its file system has no locks.
  ///
  /// - Throws: where another process holds it, with its number and since when.
  package static func take(in folder: String) throws(FileError) -> FolderLock? {
    let path = folder + "/.lock"
    for _ in 0..<100 {
      let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
      guard descriptor >= 0 else { return nil }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let number = errno
        defer { close(descriptor) }
        guard number == EWOULDBLOCK else { return nil }
        throw FileError(
          .workFailed, "'\(folder)' is in use by \(holder(in: descriptor))", file: folder,
          hint: "wait until that process has ended, or choose another folder")
      }
      // The holder before may have removed the file after it was opened here: then the lock is on nothing.
      var (ours, named) = (stat(), stat())
      if unsafe fstat(descriptor, &ours) == 0, unsafe stat(path, &named) == 0, ours.st_ino == named.st_ino {
        return FolderLock(path, descriptor)
      }
      close(descriptor)
    }
    return nil
  }

  private init(_ path: String, _ descriptor: Int32) {
    (self.path, self.descriptor) = (path, descriptor)
    let text = Array("process \(getpid()) since \(FolderLock.now())\n".utf8)
    // On a full disk the lock holds without a name.
    _ = ftruncate(descriptor, 0)
    _ = unsafe text.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
  }

  deinit {
    unsafe unlink(path)
    close(descriptor)
  }

  /// What the holder wrote, as one line of limited length.
  private static func holder(in descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
    let line = bytes.prefix(max(count, 0)).prefix { $0 != UInt8(ascii: "\n") }
    return line.isEmpty ? "another process" : String(decoding: line, as: UTF8.self)
  }

  /// The time in UTC: `2025-03-01 09:30:00 UTC`.
  private static func now() -> String {
    var seconds = time(nil)
    var parts = unsafe tm()
    _ = unsafe gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
    let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
    return "\(year)-\(two(month))-\(two(day)) \(two(hour)):\(two(minute)):\(two(second)) UTC"
  }
}
