import Foundation

/// A Python that has the package `onnx`, the witness of what is read and written; tests that need it are skipped without.
package enum Python {
  private static let interpreter = ProcessInfo.processInfo.environment["DKA_PYTHON"] ?? "python3"

  /// Whether there is one.
  package static let hasONNX = (try? run("import onnx", [])) == ""

  /// Runs a script and returns what it prints, errors included.
  package static func run(_ script: String, _ arguments: [String]) throws -> String {
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
