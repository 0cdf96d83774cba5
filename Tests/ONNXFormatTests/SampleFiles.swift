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

/// A Python that has the package `onnx`, the witness of what is written; tests that need it are skipped without.
enum Python {
  private static let interpreter = ProcessInfo.processInfo.environment["DKA_PYTHON"] ?? "python3"

  /// Whether there is one.
  static let hasONNX = (try? run("import onnx", [])) == ""

  /// Runs a script and returns what it prints, errors included.
  static func run(_ script: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [interpreter, "-c", script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
  }
}

/// The content of a file.
func fileBytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }
