import Glibc

/// What stands in a folder, sorted by the bytes of the names, hidden entries left out.
struct FolderListing {
  /// Files, symbolic links followed.
  private(set) var files: [String] = []
  /// Folders, symbolic links followed.
  private(set) var folders: [String] = []

  init(of path: String) throws(DatasetError) {
    guard let stream = unsafe opendir(path) else {
      let number = errno
      throw .missing(path, unsafe String(cString: strerror(number)))
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    for name in names.sorted(by: FolderListing.precedes) {
      switch FolderListing.kind(of: path + "/" + name) {
      case .file: files.append(name)
      case .folder: folders.append(name)
      case .other: continue
      }
    }
  }

  /// The order of names: by their UTF-8 bytes, whatever the locale.
  static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// What a path leads to.
  enum Kind { case file, folder, other }

  static func kind(of path: String) -> Kind {
    var information = stat()
    guard unsafe stat(path, &information) == 0 else { return .other }
    switch information.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }
}
