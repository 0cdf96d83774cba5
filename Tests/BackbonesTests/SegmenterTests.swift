import Backbones
import Foundation
import Graphs
import ONNXFormat
import Operators
import Tensors
import TestSupport
import Testing

/// Segmenter as both exporters write it: Tools/goldens/segmenter_torch.py.
@Suite struct SegmenterTests {
  struct File: Decodable, Sendable, CustomTestStringConvertible {
    let file: String
    let decoder: String
    let grid: [Int]
    let width: Int
    let blocks: Int
    let classes: Int
    let decoderParameters: Int

    var testDescription: String { file }

    static let all: [File] = {
      let path = FixtureFiles.path("segmenter/index.json")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      struct Index: Decodable { let files: [File] }
      let data = (try? Data(contentsOf: URL(filePath: path))) ?? Data()
      return (try? decoder.decode(Index.self, from: data).files) ?? []
    }()

    func recognition() throws -> Recognition {
      try BackboneRegistry.standard.recognize(
        try ONNXFile.read(FixtureFiles.path("segmenter/\(file)")), lowering: .portable)
    }
  }

  @Test func `there are fixtures`() { #expect(File.all.count == 6) }

  @Test(arguments: File.all)
  func `the encoder's blocks alone are points, and what is behind them is the head`(_ file: File) throws {
    let layout = try file.recognition().requireLayout()
    #expect(layout.family == "segmenter")
    #expect(layout.blocks.count == file.blocks)
    #expect(layout.sites(.afterAttention).count == file.blocks)
    #expect(layout.sites(.afterMLP).count == file.blocks)
    for site in layout.sites {
      #expect([site.grid.height, site.grid.width] == file.grid)
      #expect((site.channels, site.prefixTokens) == (file.width, 1))
    }
    let decoder = try #require(layout.decoder)
    #expect(decoder.classes == file.classes)
    let model = try ONNXFile.read(FixtureFiles.path("segmenter/\(file.file)"))
    let count = model.graph.initializers.filter { decoder.initializers.contains($0.name) }
      .reduce(0) { $0 + $1.shape.elementCount }
    #expect(count == file.decoderParameters)
    #expect(layout.finalMap?.channels == file.width)
    #expect(layout.variant.contains(file.decoder == "mask" ? "mask transformer" : "linear head"))
  }
}
