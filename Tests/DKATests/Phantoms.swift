import DKA
import Foundation

/// What the tests of the library work on.
enum Phantoms {
  /// The model that the repository ships.
  static let transformer = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Models/phantom-vit.onnx").standardizedFileURL.path

  /// Gives `body` a folder of its own and small phantoms in it.
  static func with(
    trainPerClass: Int, testPerClass: Int, _ body: (_ folder: String, _ images: LabelledImages) throws -> Void
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "dka-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SyntheticImages(.lesions, side: 64).writeFolder(
      folder + "/images", trainPerClass: trainPerClass, testPerClass: testPerClass)
    try body(folder, try ImageFolder.read(folder + "/images"))
  }
}
