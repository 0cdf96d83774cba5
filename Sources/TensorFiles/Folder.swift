import Glibc
import Tensors

/// Folders of results.
package enum Folder {
  /// Creates a folder and those above it; one that is there already is fine.
  package static func create(_ path: String) throws(FileError) {
    guard !path.isEmpty, path != "/", path != "." else { return }
    if unsafe mkdir(path, 0o777) == 0 || errno == EEXIST && isFolder(path) { return }
    guard errno == ENOENT, let parent = parent(of: path) else { throw .unwritable(path, number: errno) }
    try create(parent)
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else { throw .unwritable(path, number: errno) }
  }

  /// Creates the folder that a file will stand in.
  package static func create(containing file: String) throws(FileError) {
    if let parent = parent(of: file) { try create(parent) }
  }

  /// Whether a path names a folder.
  package static func isFolder(_ path: String) -> Bool {
    var information = stat()
    guard unsafe stat(path, &information) == 0 else { return false }
    return information.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether anything of this name is there.
  package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Size of a file in bytes, nil where there is none.
  package static func byteCount(ofFile path: String) -> Int? {
    var information = stat()
    return unsafe stat(path, &information) == 0 ? Int(information.st_size) : nil
  }

  /// Removes a file; one that is not there is fine.
  package static func removeFile(_ path: String) throws(FileError) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .unwritable(path, number: errno) }
  }

  /// Names in a folder, sorted by their bytes; nil where it can't be read.
  package static func names(in path: String) -> [String]? {
    guard let directory = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
  }

  private static func parent(of path: String) -> String? {
    guard let slash = path.dropLast(path.hasSuffix("/") ? 1 : 0).lastIndex(of: "/"), slash != path.startIndex
    else { return nil }
    return String(path[..<slash])
  }
}
