import Glibc

/// A text file that grows line by line.
package enum AppendedFile {
  /// Adds text at the end of a file, which is created where it is not there; the text is on disk afterwards.
  package static func append(_ text: String, to path: String) throws(FileError) {
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(path, number: errno) }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw .unwritable(path, number: errno) }
      rest = rest.dropFirst(written)
    }
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .unwritable(path, number: errno) }
  }
}
