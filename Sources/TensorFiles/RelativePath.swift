/// The way from a folder to a file.
package enum RelativePath {
  /// The path of a file as seen from a folder, links resolved: `../images/a.png`.
  ///
  /// An absolute path where the two have nothing in common but the root, or where one of them is not there.
  package static func from(_ folder: String, to file: String) -> String {
    guard let start = resolvedPath(folder), let end = resolvedPath(file) else {
      return Destination.absolute(file)
    }
    let (here, there) = (start.split(separator: "/"), end.split(separator: "/"))
    let common = zip(here, there).prefix { $0 == $1 }.count
    guard common > 0 else { return end }
    return ([Substring](repeating: "..", count: here.count - common) + there[common...]).joined(
      separator: "/")
  }
}
