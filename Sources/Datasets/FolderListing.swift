import Glibc

/// What stands in a folder, sorted by the bytes of the names.
///
/// Hidden entries are left out, and `__MACOSX`, where archives keep what Finder hides.
struct FolderListing {
  /// An entry that cannot be followed.
  struct Broken {
    /// The name, bytes that are not UTF-8 as `\xFF`.
    let name: String
    /// Why.
    let reason: String
    /// Whether it leads nowhere, rather than somewhere that cannot be used.
    let isMissing: Bool
  }

  /// Files, symbolic links followed.
  private(set) var files: [String] = []
  /// Folders, symbolic links followed.
  private(set) var folders: [String] = []
  /// Names that are not UTF-8, links to nowhere, and what is neither file nor folder.
  private(set) var broken: [Broken] = []

  init(of path: String) throws(DatasetError) {
    guard let stream = unsafe opendir(path) else {
      let number = errno
      throw .missing(path, unsafe String(cString: strerror(number)))
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let bytes = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: UInt8.self, capacity: 256) { start in
          unsafe Array(UnsafeBufferPointer(start: start, count: 256).prefix { $0 != 0 })
        }
      }
      guard bytes.first != UInt8(ascii: ".") else { continue }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        broken.append(
          Broken(name: FolderListing.escaped(bytes), reason: "the name is not UTF-8", isMissing: false))
        continue
      }
      if name != "__MACOSX" { names.append(name) }
    }
    broken.sort { FolderListing.precedes($0.name, $1.name) }
    for name in names.sorted(by: FolderListing.precedes) {
      switch FolderListing.kind(of: path + "/" + name) {
      case .file: files.append(name)
      case .folder: folders.append(name)
      case .special:
        broken.append(Broken(name: name, reason: "neither a file nor a folder", isMissing: false))
      case .nothing(let number):
        let reason =
          number == ENOENT ? "a link to nowhere" : unsafe String(cString: strerror(number))
        broken.append(Broken(name: name, reason: reason, isMissing: number == ENOENT))
      }
    }
  }

  /// The order of names: by their UTF-8 bytes, whatever the locale.
  static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// What a path leads to.
  enum Kind: Equatable {
    case file, folder
    /// A device, a socket, a pipe.
    case special
    /// It cannot be followed, for the reason with this number of the system.
    case nothing(Int32)
  }

  static func kind(of path: String) -> Kind {
    var information = stat()
    guard unsafe stat(path, &information) == 0 else { return .nothing(errno) }
    switch information.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .special
    }
  }

  /// Text of bytes that are not UTF-8: printable ASCII as it is, other bytes as `\xFF`.
  private static func escaped(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      guard !(0x20..<0x7F).contains(byte) else { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "\\x" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
  }
}
