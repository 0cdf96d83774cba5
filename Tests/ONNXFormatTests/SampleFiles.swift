import Glibc

/// Where the tests find model files.
enum SampleFiles {
  /// The package's root folder.
  static let root = folder(of: folder(of: folder(of: #filePath)))

  /// Model files that are here: committed fixtures, and the shared data if this machine has them.
  static let models: [String] = {
    let data = environment("DKA_DATA") ?? root + "/../shared/data"
    return ["\(root)/Tests/Fixtures/backbones", "\(root)/Tests/Fixtures/format", "\(data)/weights"]
      .flatMap { folder in files(in: folder).filter { $0.hasSuffix(".onnx") }.map { "\(folder)/\($0)" } }
  }()

  /// An environment variable.
  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Names of the files in a folder, sorted.
  static func files(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private static func folder(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }
}
