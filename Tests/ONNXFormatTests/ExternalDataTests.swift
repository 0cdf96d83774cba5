import Foundation
import Graphs
import ONNXFormat
import Tensors
import TestSupport
import Testing

@Suite struct ExternalDataTests {
  private let source = SampleFiles.format + "/external.onnx"

  /// A model whose one weight stands in an external file with the given entries.
  private func model(location: String, _ entries: [String: String] = [:]) -> [UInt8] {
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      [number << 3 | 2, UInt8(content.count)] + content
    }
    let all = [("location", location)] + entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let data = all.flatMap { field(13, field(1, Array($0.0.utf8)) + field(2, Array($0.1.utf8))) }
    let tensor = [8, 4, 16, 1] + field(8, Array("w".utf8)) + data + [112, 1]
    return [8, 8] + field(7, field(2, [103]) + field(5, tensor))
  }

  @Test func `weights in another file are views of its mapping`() throws {
    let graph = try ONNXFile.read(source).graph
    let w = try #require(graph.initializers[0].tensor)
    let b = try #require(graph.initializers[1].tensor)
    #expect(w.array(of: Float.self) == (0..<2048).map(Float.init))
    #expect(b.array(of: Float.self) == (0..<32).map(Float.init))
    #expect(w.storage === b.storage)
    #expect(graph.initializers[0].external?.path == "external.bin")
  }

  @Test func `inside to outside and back is the same model`() throws {
    let folder = try TemporaryFolder()
    let model = try ONNXFile.read(source)
    try ONNXFile.write(model, to: folder.file("inline.onnx"), externalData: .inline)
    #expect(folder.names == ["inline.onnx"])
    let inline = try ONNXFile.read(folder.file("inline.onnx"))
    #expect(inline.graph.initializers.allSatisfy { $0.external == nil })
    try ONNXFile.write(
      inline, to: folder.file("outside.onnx"), externalData: .file(name: "outside.bin", threshold: 1024))
    let outside = try ONNXFile.read(folder.file("outside.onnx"))
    #expect(outside.graph.initializers.map { $0.external?.path } == ["outside.bin", nil])
    for (mine, theirs) in zip(model.graph.initializers, outside.graph.initializers) {
      #expect(try #require(mine.tensor).isIdentical(to: #require(theirs.tensor)))
    }
    try ONNXFile.write(outside, to: folder.file("back.onnx"), externalData: .inline)
    #expect(try fileBytes(folder.file("back.onnx")) == fileBytes(folder.file("inline.onnx")))
  }

  @Test func `a model written to another folder takes its external files along`() throws {
    let folder = try TemporaryFolder()
    var model = try ONNXFile.read(source)
    model.graph.nodes[0].name = "changed"
    try ONNXFile.write(model, to: folder.file("m.onnx"))
    #expect(folder.names == ["external.bin", "m.onnx"])
    #expect(try ONNXFile.read(folder.file("m.onnx")).graph.initializers[1].tensor?.byteCount == 128)
    // Once more: the file is there with the same content. With other content it belongs to another model.
    try ONNXFile.write(model, to: folder.file("m.onnx"))
    _ = try folder.write([1, 2, 3], to: "external.bin")
    let error = #expect(throws: FormatError.self) { try ONNXFile.write(model, to: folder.file("n.onnx")) }
    #expect(error?.message.contains("exists with other content") == true)
    #expect(try fileBytes(folder.file("external.bin")) == [1, 2, 3])
    #expect(folder.names == ["external.bin", "m.onnx"])
  }

  @Test func `a changed external weight becomes an inline one`() throws {
    let folder = try TemporaryFolder()
    var model = try ONNXFile.read(source)
    model.graph.initializers[1].payload = .dense(try Tensor(zeros: [32]))
    #expect(model.graph.initializers[1].external == nil)
    try ONNXFile.write(model, to: folder.file("m.onnx"))
    let copy = try ONNXFile.read(folder.file("m.onnx"))
    #expect(copy.graph.initializers.map { $0.external?.path } == ["external.bin", nil])
    #expect(copy.graph.initializers[1].tensor?.array(of: Float.self) == [Float](repeating: 0, count: 32))
  }

  @Test func `a model can be written onto itself`() throws {
    let folder = try TemporaryFolder()
    let model = try ONNXFile.read(source)
    try ONNXFile.write(model, to: folder.file("m.onnx"), externalData: .file(name: "m.bin"))
    var own = try ONNXFile.read(folder.file("m.onnx"))
    own.graph.nodes[0].name = "changed"
    try ONNXFile.write(own, to: folder.file("m.onnx"), externalData: .file(name: "m.bin"))
    let copy = try ONNXFile.read(folder.file("m.onnx"))
    #expect(copy.graph.initializers[0].tensor?.array(of: Float.self) == (0..<2048).map(Float.init))
    // Another model must not take the file away from this one.
    let error = #expect(throws: FormatError.self) {
      try ONNXFile.write(copy, to: folder.file("n.onnx"), externalData: .file(name: "m.bin"))
    }
    #expect(error?.failureCode == .usage)
  }

  @Test(arguments: [
    ("../secret", "leads out of the model's folder"), ("/etc/passwd", "leads out of the model's folder"),
    ("a/../../secret", "leads out of the model's folder"), ("link", "is a link out of the model's folder"),
    ("linked/secret", "is a link out of the model's folder"), ("missing", "No such file"),
    ("inner", "Is a directory"),
    ("a\0b", "leads out of the model's folder"),
  ])
  func `a location outside the folder is refused`(location: String, message: String) throws {
    let outer = try TemporaryFolder()
    _ = try outer.write([UInt8](repeating: 7, count: 64), to: "secret")
    let inner = outer.file("inner")
    let manager = FileManager.default
    try manager.createDirectory(atPath: inner + "/inner", withIntermediateDirectories: true)
    try manager.createSymbolicLink(atPath: inner + "/link", withDestinationPath: "../secret")
    try manager.createSymbolicLink(atPath: inner + "/linked", withDestinationPath: outer.path)
    let path = try outer.write(model(location: location), to: "inner/m.onnx")
    let error = #expect(throws: FormatError.self) { try ONNXFile.read(path) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    #expect(error?.tensor == "w" && error?.file == path)
  }

  @Test(arguments: [
    (["offset": "1"], "needs bytes 1 to 1 + 16 of 'data', which has 16"),
    (["length": "8"], "external length 8"),
    (["offset": "-4"], "external offset is '-4'"), (["offset": "9223372036854775807"], "needs bytes"),
    (["length": "99999999999999999999"], "external length is '99999999999999999999'"),
  ])
  func `a range outside the external file is refused`(entries: [String: String], message: String) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([UInt8](repeating: 0, count: 16), to: "data")
    let path = try folder.write(model(location: "data", entries), to: "m.onnx")
    let error = #expect(throws: FormatError.self) { try ONNXFile.read(path) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
