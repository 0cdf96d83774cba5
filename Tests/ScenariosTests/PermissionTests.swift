import Foundation
import TestSupport
import Testing

/// Files that the user must not read are told like others that cannot be read.
@Suite(
  .serialized,
  .enabled(if: OtherUser.isPossible, "no user without privileges can start the tool here"))
struct PermissionTests {
  private static func forbid(_ name: String, in folder: TemporaryFolder) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: folder.file(name))
  }

  @Test(arguments: BadModelTests.verbs)
  func `a model without permission ends with 66 and the reason`(_ verb: [String]) throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    try folder.write([UInt8](try Data(contentsOf: URL(filePath: Scenario.transformer))), to: "m.onnx")
    try Self.forbid("m.onnx", in: folder)
    let result = try ToolProcess.runWithoutPrivileges([verb[0], "m.onnx"] + verb.dropFirst(), in: folder)
    #expect(result.code == 66, "\(result.errors)")
    #expect(result.errors.contains("m.onnx: cannot be opened: Permission denied"), "\(result.errors)")
  }

  @Test func `images without permission are listed all at once before training starts`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let images = folder.files(below: "images/train")
    for index in [0, 9] { try Self.forbid(images[index], in: folder) }
    // The run folder is made before the images are looked at.
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
    let result = try ToolProcess.runWithoutPrivileges(training("--epochs", "1"), in: folder)
    #expect(result.code == 66, "\(result.errors)")
    for index in [0, 9] {
      #expect(
        result.errors.contains("'\(images[index])': cannot be read: Permission denied"), "\(result.errors)")
    }
    #expect(!folder.exists("run/metrics.jsonl"))
  }

  @Test func `a folder of a class without permission is named, not passed over`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    try Self.forbid("images/train/benign", in: folder)
    let result = try ToolProcess.runWithoutPrivileges(training("--epochs", "1"), in: folder)
    #expect(result.code == 66, "\(result.errors)")
    #expect(result.errors.contains("'images/train/benign': Permission denied"), "\(result.errors)")
    #expect(!folder.exists("run"))
  }
}
