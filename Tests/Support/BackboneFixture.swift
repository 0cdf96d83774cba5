package import Backbones
import Foundation
package import Graphs
import Kernels
import ONNXFormat
package import Operators
import Testing

/// Tiny models of every exporter, described by `index.json`; Tools/goldens/export_backbones.py made them.
package struct BackboneFixture: Decodable, Sendable, CustomTestStringConvertible {
  /// The classifier.
  package struct Head: Decodable, Sendable {
    package let kind: String
    package let classes: Int
    package let features: Int
    package let linears: Int
  }

  /// What Dual-Kernel Adapters add.
  package struct Counts: Decodable, Sendable {
    package let modules: Int
    package let parameters: Int
  }

  /// A stage of a hierarchical network.
  package struct Stage: Decodable, Sendable {
    package let grid: [Int]
    package let channels: Int
    package let blocks: Int
  }

  package let file: String
  package let variant: String
  package let opset: Int
  package let family: String?
  package let optimizer: String?
  private let float16: Bool?
  package let dynamic: Bool
  package let image: [Int]
  package let patch: Int?
  package let blocks: Int?
  package let dim: Int?
  package let grid: [Int]?
  package let prefixTokens: Int?
  /// Stages, of networks whose map shrinks.
  package let stages: [Stage]?
  /// How the points of a block hold their map, of networks whose map shrinks.
  package let layouts: [String]?
  package let head: Head?
  /// Counts by placement.
  package let dka: [String: Counts]?

  package var testDescription: String { file }

  private struct Index: Decodable { let files: [BackboneFixture] }

  /// The folder of the fixtures: the committed ones, or all that the exporting script can make.
  package static let folder =
    ProcessInfo.processInfo.environment["DKA_BACKBONE_FIXTURES"] ?? FixtureFiles.path("backbones")

  /// All of them.
  package static let all: [BackboneFixture] = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let data = FileManager.default.contents(atPath: folder + "/index.json"),
      let index = try? decoder.decode(Index.self, from: data)
    else { return [] }
    return index.files
  }()

  /// Vision transformers.
  package static let transformers = all.filter { $0.family == "vit" && $0.optimizer == nil }
  /// Networks whose map shrinks from stage to stage.
  package static let hierarchical = all.filter { $0.stages != nil && $0.optimizer == nil }
  /// All of the families that are recognised.
  package static let recognised = transformers + hierarchical
  /// Networks of families that are not recognised.
  package static let others = all.filter { $0.family == nil }
  /// Files that ONNX Runtime's optimisers rewrote.
  package static let expanded = all.filter { $0.optimizer != nil }
  /// Files whose weights and values are float16.
  package static let halves = all.filter(\.isHalf)

  /// Whether weights and values are float16.
  package var isHalf: Bool { float16 ?? false }

  /// Another file of the same network that no optimiser rewrote, in float32.
  package var unoptimized: BackboneFixture? {
    let files = Self.recognised.filter { $0.variant == variant && !$0.isHalf }
    return files.first { $0.dynamic == dynamic } ?? files.first
  }

  package func model() throws -> ModelDescription { try ONNXFile.read(Self.folder + "/" + file) }

  package func recognition() throws -> Recognition {
    try BackboneRegistry.standard.recognize(try model(), lowering: .portable)
  }

  package func layout() throws -> BackboneLayout { try recognition().requireLayout() }
}

extension Lowering {
  /// Lowering for tests: one thread, plain kernels.
  package static let portable = Lowering(
    registry: .standard, context: .testing(threads: 1, level: .portable))
}
