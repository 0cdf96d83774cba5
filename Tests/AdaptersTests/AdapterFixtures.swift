import Testing
import Backbones
import Foundation
import Graphs
import Kernels
import ONNXFormat
import Operators

/// Tiny models of every exporter, described by `index.json`; Tools/goldens/export_backbones.py made them.
struct BackboneFixture: Decodable, Sendable, CustomTestStringConvertible {
  struct Head: Decodable, Sendable {
    let kind: String
    let classes: Int
    let features: Int
    let linears: Int
  }

  struct Counts: Decodable, Sendable {
    let modules: Int
    let parameters: Int
  }

  let file: String
  let variant: String
  let opset: Int
  let family: String?
  let optimizer: String?
  let dynamic: Bool
  let image: [Int]
  let patch: Int?
  let blocks: Int?
  let dim: Int?
  let grid: [Int]?
  let prefixTokens: Int?
  let head: Head?
  let dka: [String: Counts]?

  var testDescription: String { file }

  private struct Index: Decodable { let files: [BackboneFixture] }

  /// The folder of the fixtures: the committed ones, or all that the exporting script can make.
  static let folder =
    ProcessInfo.processInfo.environment["DKA_BACKBONE_FIXTURES"]
    ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/backbones").path

  static let all: [BackboneFixture] = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let data = FileManager.default.contents(atPath: folder + "/index.json"),
      let index = try? decoder.decode(Index.self, from: data)
    else { return [] }
    return index.files
  }()

  static let transformers = all.filter { $0.family == "vit" && $0.optimizer == nil }
  static let others = all.filter { $0.family == nil }
  static let rewritten = all.filter { $0.optimizer != nil }

  func model() throws -> ModelDescription { try ONNXFile.read(Self.folder + "/" + file) }

  func recognition() throws -> Recognition {
    try BackboneRegistry.standard.recognize(try model(), lowering: .portable)
  }

  func layout() throws -> BackboneLayout { try recognition().requireLayout() }
}

extension Lowering {
  /// Lowering for tests: one thread, plain kernels.
  static let portable = Lowering(
    registry: .standard, context: ExecutionContext(options: KernelOptions(threads: 1, level: .portable)))
}

/// Files that are there only where the project's shared data are.
enum SharedWeights {
  static let folder: String = {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let beside = package.deletingLastPathComponent().appending(path: "shared/data").path
    return (ProcessInfo.processInfo.environment["DKA_DATA"] ?? beside) + "/weights"
  }()

  static let deitTiny = ["deit_tiny_patch16_224.ts17.onnx", "deit_tiny_patch16_224.dynamo18.onnx"]
    .map { folder + "/" + $0 }.filter { FileManager.default.fileExists(atPath: $0) }
}
