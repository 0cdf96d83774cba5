import Foundation
import Graphs
import ONNXFormat
import TensorFiles
import TestSupport
import Testing

/// What a run of the tool left behind.
struct ToolResult {
  let code: Int32
  let output: String
  let errors: String

  /// The object on standard output, which must be all that is there.
  func json(_ location: SourceLocation = #_sourceLocation) throws -> JSONObject {
    try #require(try JSONValue(parsing: output).object, "\(output)\(errors)", sourceLocation: location)
  }
}

/// The tool as a process, the way scripts use it.
enum ToolProcess {
  /// The binary that stands beside the test's own.
  static let path: String = {
    if let named = ProcessInfo.processInfo.environment["DKA_BINARY"] { return named }
    let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: test).deletingLastPathComponent().appending(path: "dka").path
  }()

  /// Starts the tool; the caller waits for it.
  ///
  /// - Parameter fileLimit: how large a file may become, in blocks of the shell (512 or 1024 bytes).
  static func start(_ words: [String], in folder: TemporaryFolder, fileLimit: Int? = nil) throws -> Running {
    try Running(words, folder, fileLimit)
  }

  /// Runs the tool to its end as a user whom permissions bind, which they do not for the superuser.
  static func runWithoutPrivileges(_ words: [String], in folder: TemporaryFolder) throws -> ToolResult {
    try Running(words, folder, nil, starter: OtherUser.starter).wait()
  }

  /// Runs the tool to its end.
  static func run(_ words: [String], in folder: TemporaryFolder, fileLimit: Int? = nil) throws -> ToolResult {
    try start(words, in: folder, fileLimit: fileLimit).wait()
  }

  /// Runs a verb that must succeed, and gives its JSON object.
  static func object(
    _ words: [String], in folder: TemporaryFolder, _ location: SourceLocation = #_sourceLocation
  ) throws -> JSONObject {
    let result = try run(words + ["--json"], in: folder)
    #expect(result.code == 0, "\(words): \(result.errors)", sourceLocation: location)
    return try result.json(location)
  }

  /// A run of the tool under way.
  ///
  /// Its output goes to files, so that no pipe fills up.
  final class Running {
    private let process = Process()
    private let output: String
    private let errors: String

    /// - Parameter starter: a program, and words for it, that starts the tool; empty for none.
    init(_ words: [String], _ folder: TemporaryFolder, _ fileLimit: Int?, starter: [String] = []) throws {
      let stem = folder.path + "/." + UUID().uuidString
      (output, errors) = (stem + ".out", stem + ".err")
      for file in [output, errors] { try Data().write(to: URL(filePath: file)) }
      process.executableURL = URL(filePath: ToolProcess.path)
      process.arguments = words
      if let fileLimit {
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments =
          ["-c", "ulimit -f \(fileLimit); exec \"$0\" \"$@\"", ToolProcess.path] + words
      }
      if let program = starter.first {
        process.executableURL = URL(filePath: program)
        process.arguments = starter.dropFirst() + [ToolProcess.path] + words
      }
      process.currentDirectoryURL = URL(filePath: folder.path)
      process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
      process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
      try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// Sends what Ctrl-C sends.
    func interrupt() { process.interrupt() }

    /// Ends the process as nothing can prevent.
    func kill() { _ = Foundation.kill(process.processIdentifier, SIGKILL) }

    var identifier: Int32 { process.processIdentifier }

    /// What stands on standard error so far.
    func errorText() throws -> String {
      String(decoding: try Data(contentsOf: URL(filePath: errors)), as: UTF8.self)
    }

    func wait() throws -> ToolResult {
      process.waitUntilExit()
      func text(_ file: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
      }
      let isSignal = process.terminationReason == .uncaughtSignal
      return ToolResult(
        code: isSignal ? -process.terminationStatus : process.terminationStatus, output: try text(output),
        errors: try text(errors))
    }
  }
}

extension TemporaryFolder {
  /// Paths of the PNG and JPEG images below a folder, sorted.
  func files(below name: String) -> [String] {
    allFiles(below: name).filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }
  }

  /// Paths of all files below a folder, sorted.
  func allFiles(below name: String) -> [String] {
    (FileManager.default.enumerator(atPath: file(name))?.compactMap { $0 as? String } ?? [])
      .sorted().map { name + "/" + $0 }.filter { !Folder.isFolder(file($0)) }
  }

  /// Writes a network that tells three classes apart by the mean of each colour.
  func writeChannelMeans(to name: String, side: Int) throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["": 17]>
        means (float[n, 3, \(side), \(side)] image) => (float[n, 3] scores) {
          scores = ReduceMean <axes = [2, 3], keepdims = 0> (image)
        }
        """)
    try write([], to: name)
    try ONNXFile.write(model, to: file(name))
  }

  /// Draws phantom images into `images`.
  func drawPhantoms(train: Int = 6, test: Int = 4) throws {
    let result = try ToolProcess.run(
      ["phantoms", "-o", "images", "--train", "\(train)", "--test", "\(test)", "--side", "32"], in: self)
    try #require(result.code == 0, "\(result.errors)")
  }
}

/// What all trainings of these tests have in common: a tiny network, few images, no random changes unless asked for.
func training(_ words: String..., into run: String = "run") -> [String] {
  [
    "train", Scenario.transformer, "--data", "images", "-o", run, "--threads", "2", "--batch", "6", "--dim",
    "4",
    "--kernels", "11,3",
  ] + words
}

/// Committed models.
enum Scenario {
  static func fixture(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/" + name).path
  }

  /// A vision transformer for images of 32 × 32.
  static let transformer = fixture("backbones/timm_vit.ts17.dynamic.onnx")
}
