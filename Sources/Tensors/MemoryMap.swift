import Glibc

/// Maps files into memory for reading.
public enum MemoryMap {
  /// Maps a whole regular file, read-only and private; an empty file gives empty storage.
  ///
  /// - Throws: `MemoryMapError` with the system's reason.
  public static func file(at path: String) throws(MemoryMapError) -> Storage {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw MemoryMapError(path: path, number: errno) }
    defer { close(descriptor) }
    var information = stat()
    guard unsafe fstat(descriptor, &information) == 0 else { throw MemoryMapError(path: path, number: errno) }
    guard information.st_mode & S_IFMT == S_IFREG else {
      let isFolder = information.st_mode & S_IFMT == S_IFDIR
      throw MemoryMapError(path: path, number: isFolder ? EISDIR : EINVAL)
    }
    let byteCount = Int(information.st_size)
    guard byteCount > 0 else {
      do { return try Storage(byteCount: 0) } catch { throw MemoryMapError(path: path, number: ENOMEM) }
    }
    let mapped = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw MemoryMapError(path: path, number: errno)
    }
    return unsafe Storage(base: mapped, byteCount: byteCount, isMappedFile: true) { base, count in
      unsafe munmap(base, count)
    }
  }
}

/// A file could not be mapped.
public struct MemoryMapError: Error, Sendable {
  /// The file.
  public let path: String
  /// The system's error number.
  public let number: Int32

  /// Whether the file is not there at all.
  public var isMissing: Bool { number == ENOENT || number == ENOTDIR }

  /// The system's words for the reason.
  public var reason: String {
    if number == EINVAL { return "not a regular file" }
    return unsafe String(cString: strerror(number))
  }
}
