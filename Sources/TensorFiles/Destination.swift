import Glibc
import Tensors

/// Where a verb writes: refused before the work where something would be lost.
///
/// Files are compared by what they are, not by their paths: another spelling or a link is the same file.
package enum Destination {
  /// Checks the path of one file to write.
  ///
  /// - Parameters:
  ///   - inputs: files that the verb reads; they are never overwritten.
  ///   - isForced: whether another file that is there already may be overwritten.
  /// - Throws: a usage error that names the path.
  package static func checkFile(_ path: String, inputs: [String], isForced: Bool) throws(FileError) {
    try checkInputs(path, inputs)
    guard let found = information(of: path) else { return }
    guard found.st_mode & S_IFMT == S_IFREG else {
      let kind = found.st_mode & S_IFMT == S_IFDIR ? "a folder" : "no regular file"
      throw FileError(.usage, "'\(path)' is \(kind), expected the path of a file", file: path)
    }
    guard isForced else {
      throw FileError(
        .usage, "'\(path)' exists already", file: path,
        hint: "choose another path, or overwrite the file with --force")
    }
  }

  /// Checks the files that will be written into a folder of results.
  ///
  /// - Parameters:
  ///   - names: paths of the files within the folder.
  ///   - inputs: files that the verb reads; they are never overwritten.
  ///   - isForced: whether other files that are there already may be overwritten.
  /// - Throws: a usage error that names the first of the files that are there, and counts the others.
  package static func checkFiles(
    _ names: [String], in folder: String, inputs: [String], isForced: Bool
  ) throws(FileError) {
    try checkFolder(folder)
    for name in names { try checkFile(folder + "/" + name, inputs: inputs, isForced: true) }
    guard !isForced else { return }
    let found = names.map { folder + "/" + $0 }.filter { information(of: $0) != nil }
    guard let first = found.first else { return }
    let others = found.count == 1 ? "" : " and \(found.count - 1) more"
    throw FileError(
      .usage, "'\(first)'\(others) \(found.count == 1 ? "exists" : "exist") already", file: first,
      hint: "choose another folder, or overwrite the files with --force")
  }

  /// Checks a folder of results.
  ///
  /// - Parameter source: a folder that the verb reads, which results would become part of.
  package static func checkFolder(_ path: String, source: String? = nil) throws(FileError) {
    if let found = information(of: path), found.st_mode & S_IFMT != S_IFDIR {
      throw FileError(.usage, "'\(path)' is a file, expected the path of a folder", file: path)
    }
    if let source, Folder.isFolder(source), isInside(path, source) {
      throw FileError(
        .usage, "'\(path)' lies in the folder that is read, '\(source)'", file: path,
        hint: "choose a folder outside of it, so that results are not taken for data")
    }
  }

  /// A path from the root of the file system, links kept.
  package static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/") else { return path }
    guard let pointer = unsafe getcwd(nil, 0) else { return path }
    defer { unsafe free(pointer) }
    let folder = unsafe String(cString: pointer)
    let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return folder + (folder.hasSuffix("/") ? "" : "/") + rest
  }

  private static func checkInputs(_ path: String, _ inputs: [String]) throws(FileError) {
    guard let found = information(of: path) else { return }
    let same = inputs.first { input in
      information(of: input).map { $0.st_dev == found.st_dev && $0.st_ino == found.st_ino } ?? false
    }
    guard let same else { return }
    throw FileError(
      .usage, "'\(path)' is the input '\(same)', which would be overwritten", file: path,
      hint: "choose another path")
  }

  /// Whether a path, which need not exist yet, is a folder or lies somewhere in it.
  private static func isInside(_ path: String, _ folder: String) -> Bool {
    guard let root = information(of: folder) else { return false }
    // What exists of the path is resolved, so that `..` and links lead where they do.
    var place = absolute(path)
    while resolvedPath(place) == nil, let slash = place.dropLast().lastIndex(of: "/") {
      place = slash == place.startIndex ? "/" : String(place[..<slash])
    }
    var ancestor = resolvedPath(place) ?? "/"
    while true {
      if let found = information(of: ancestor), found.st_dev == root.st_dev, found.st_ino == root.st_ino {
        return true
      }
      guard ancestor != "/", let slash = ancestor.lastIndex(of: "/") else { return false }
      ancestor = slash == ancestor.startIndex ? "/" : String(ancestor[..<slash])
    }
  }

  private static func information(of path: String) -> stat? {
    var information = stat()
    return unsafe stat(path, &information) == 0 ? information : nil
  }
}
