import Foundation
import TestSupport

/// Where the tests find model files, and a place for those they write.
enum SampleFiles {
  /// The package's root folder.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// Models as exporters wrote them: committed ones, and the shared data if this machine has them.
  static let exports =
    models(in: "\(root)/Tests/Fixtures/backbones") + models(in: SharedData.path("weights"))

  /// The fixtures of this module: see Tools/goldens/every_field.py.
  static let format = "\(root)/Tests/Fixtures/format"

  /// All of them.
  static let all = exports + models(in: format)

  private static func models(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter { $0.hasSuffix(".onnx") }.map { "\(folder)/\($0)" }
  }
}

/// The content of a file.
func fileBytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }
