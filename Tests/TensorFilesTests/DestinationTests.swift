import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct DestinationTests {
  /// A folder with an input, a link to it, another name of it, and another file.
  private func prepared() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("in", to: "in.onnx")
    try folder.write("other", to: "other.onnx")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: folder.file("in.onnx"))
    try files.linkItem(atPath: folder.file("in.onnx"), toPath: folder.file("hard"))
    try files.createDirectory(atPath: folder.file("data/a"), withIntermediateDirectories: true)
    try files.createSymbolicLink(atPath: folder.file("dlink"), withDestinationPath: folder.file("data"))
    return folder
  }

  @Test(arguments: ["in.onnx", "link", "hard", "data/../in.onnx"], [false, true])
  func `an input is never overwritten, whatever its path`(_ path: String, isForced: Bool) throws {
    let folder = try prepared()
    let error = try #require(throws: FileError.self) {
      try Destination.checkFile(folder.file(path), inputs: [folder.file("in.onnx")], isForced: isForced)
    }
    #expect(error.failureCode == .usage && error.message.contains("is the input"), "\(error.message)")
  }

  @Test func `another file is overwritten by force only`() throws {
    let folder = try prepared()
    let (path, inputs) = (folder.file("other.onnx"), [folder.file("in.onnx")])
    let error = try #require(throws: FileError.self) {
      try Destination.checkFile(path, inputs: inputs, isForced: false)
    }
    #expect(error.failureCode == .usage && error.hint?.contains("--force") == true)
    try Destination.checkFile(path, inputs: inputs, isForced: true)
    try Destination.checkFile(folder.file("new.onnx"), inputs: inputs, isForced: false)
  }

  @Test(arguments: ["data", "/dev/null"])
  func `what is no regular file is no output, even by force`(_ path: String) throws {
    let folder = try prepared()
    let error = try #require(throws: FileError.self) {
      try Destination.checkFile(path.hasPrefix("/") ? path : folder.file(path), inputs: [], isForced: true)
    }
    #expect(error.failureCode == .usage)
  }

  @Test(arguments: ["data", "data/run", "data/a/b/c", "dlink", "dlink/run", "data/../data/x", "data/a/.."])
  func `a folder of results does not lie in the folder that is read`(_ path: String) throws {
    let folder = try prepared()
    let error = try #require(throws: FileError.self) {
      try Destination.checkFolder(folder.file(path), source: folder.file("data"))
    }
    #expect(error.failureCode == .usage && error.message.contains("lies in the folder"), "\(error.message)")
  }

  @Test(arguments: ["run", "data/../run", "data2", "."])
  func `a folder of results beside the one that is read is fine`(_ path: String) throws {
    let folder = try prepared()
    try Destination.checkFolder(folder.file(path), source: folder.file("data"))
  }

  @Test(arguments: [false, true])
  func `a folder of results holds no file that is read under the name of a result`(isForced: Bool) throws {
    let folder = try prepared()
    let error = try #require(throws: FileError.self) {
      try Destination.checkFiles(
        ["new", "hard"], in: folder.path, inputs: [folder.file("in.onnx")], isForced: isForced)
    }
    #expect(error.failureCode == .usage && error.message.contains("is the input"), "\(error.message)")
    #expect(throws: FileError.self) { try Destination.checkFolder(folder.file("in.onnx")) }
    #expect(throws: FileError.self) {
      try Destination.checkFiles(["data"], in: folder.path, inputs: [], isForced: isForced)
    }
  }

  @Test func `results that exist already are counted, and replaced by force only`() throws {
    let folder = try prepared()
    func check(_ names: [String], isForced: Bool) throws(FileError) {
      try Destination.checkFiles(
        names, in: folder.path, inputs: [folder.file("in.onnx")], isForced: isForced)
    }
    try folder.write("third", to: "third.onnx")
    try check(["new", "newer"], isForced: false)
    let one = try #require(throws: FileError.self) { try check(["new", "other.onnx"], isForced: false) }
    #expect(one.failureCode == .usage && one.hint?.contains("--force") == true)
    #expect(one.message == "'\(folder.file("other.onnx"))' exists already")
    let two = try #require(throws: FileError.self) {
      try check(["other.onnx", "third.onnx"], isForced: false)
    }
    #expect(two.message == "'\(folder.file("other.onnx"))' and 1 more exist already")
    try check(["other.onnx", "third.onnx", "new"], isForced: true)
  }
}
