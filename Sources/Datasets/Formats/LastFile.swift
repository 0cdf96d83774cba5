import Glibc
import Synchronization

/// What was made of the file that was read last, or why nothing was, so that its images need not each be read from its start.
final class LastFile<Content>: Sendable where Content: Sendable {
  private struct Identity: Equatable {
    let path: String
    let part: Int
    let device: UInt
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int
  }

  private let state = Mutex<(identity: Identity, content: Result<Content, CodecError>)?>(nil)

  /// The content of a file: as it was kept, where the file has not changed since, else anew.
  ///
  /// - Parameter part: which part of the file the content is of.
  func content(of path: String, part: Int = 0, _ make: () throws(CodecError) -> Content) throws(CodecError)
    -> Content
  {
    let identity = Self.identity(of: path, part)
    if let kept = state.withLock({ $0 }), kept.identity == identity { return try kept.content.get() }
    // Two files would take twice the memory.
    state.withLock { $0 = nil }
    let content = Result(catching: make)
    if let identity { state.withLock { $0 = (identity, content) } }
    return try content.get()
  }

  private static func identity(of path: String, _ part: Int) -> Identity? {
    var information = stat()
    guard unsafe stat(path, &information) == 0 else { return nil }
    return Identity(
      path: path, part: part, device: UInt(information.st_dev), inode: UInt(information.st_ino),
      size: Int(information.st_size), seconds: information.st_mtim.tv_sec,
      nanoseconds: information.st_mtim.tv_nsec)
  }
}
