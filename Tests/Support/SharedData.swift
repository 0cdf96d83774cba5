import Foundation

/// Real images and weights, which are not in the repository.
package enum SharedData {
  /// The folder named by `DKA_DATA`, else `../shared/data` beside the package; it may be missing.
  private static let folder: String = {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let beside = package.deletingLastPathComponent().appending(path: "shared/data").path
    return ProcessInfo.processInfo.environment["DKA_DATA"] ?? beside
  }()

  /// Whether this machine has the folder.
  package static let isPresent = FileManager.default.fileExists(atPath: path("README.md"))

  /// The path of a file or folder in it.
  package static func path(_ relative: String) -> String { folder + "/" + relative }

  /// The exports of DeiT-Tiny that are there.
  package static let deitTiny = ["ts17", "dynamo18"]
    .map { path("weights/deit_tiny_patch16_224.\($0).onnx") }
    .filter { FileManager.default.fileExists(atPath: $0) }
}
