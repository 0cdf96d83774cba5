/// Finds the files that a table names.
///
/// File names are bytes: a name is tried as it stands first. Then backslashes are taken as slashes, and letters with marks in
/// another canonically equal form, as file systems and archives write them.
struct PathSearch {
  /// Where relative names start, each empty or ending in `/`, tried in this order.
  let folders: [String]
  private var names: [String: [String]] = [:]

  init(folders: [String]) { self.folders = folders }

  /// The path of an existing file, or nil.
  mutating func file(_ spellings: [String]) -> String? {
    let slashed = spellings.filter { $0.contains("\\") }.map { name in
      String(name.map { $0 == "\\" ? "/" : $0 })
    }
    let paths = (spellings + slashed).flatMap { name in
      name.hasPrefix("/") ? [name] : folders.map { $0 + name }
    }
    if let path = paths.first(where: { FolderListing.kind(of: $0) == .file }) { return path }
    for path in paths where !path.utf8.allSatisfy({ $0 < 0x80 }) {
      if let found = equalPath(path), FolderListing.kind(of: found) == .file { return found }
    }
    return nil
  }

  /// The existing path whose components are canonically equal to those of `path`.
  private mutating func equalPath(_ path: String) -> String? {
    var found = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/").map(String.init) {
      var next = found + component
      if case .nothing = FolderListing.kind(of: next) {
        guard let equal = entries(of: found).first(where: { $0 == component }) else { return nil }
        next = found + equal
      }
      found = next + "/"
    }
    return found.isEmpty ? nil : String(found.dropLast())
  }

  private mutating func entries(of folder: String) -> [String] {
    if let known = names[folder] { return known }
    let listing = try? FolderListing(of: folder.isEmpty ? "." : folder)
    let all = (listing?.files ?? []) + (listing?.folders ?? [])
    names[folder] = all
    return all
  }
}
