import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct FolderLockTests {
  @Test func `a second holder is refused and told who holds the folder, until the first lets go`() throws {
    let folder = try TemporaryFolder()
    var first = try FolderLock.take(in: folder.path)
    #expect(first != nil)
    let error = try #require(throws: FileError.self) { try FolderLock.take(in: folder.path) }
    #expect(error.failureCode == .workFailed)
    #expect(error.message.contains("in use by process \(getpid()) since 20"), "\(error.message)")
    first = nil
    #expect(folder.names == [])
    #expect(try FolderLock.take(in: folder.path) != nil)
  }

  @Test func `a lock file that a killed process left means nothing`() throws {
    let folder = try TemporaryFolder()
    try folder.write("process 1 since 2020-01-01 00:00:00 UTC\n", to: ".lock")
    #expect(try FolderLock.take(in: folder.path) != nil)
  }

  @Test func `a folder that cannot have a lock gives none`() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("a/.lock"), withIntermediateDirectories: true)
    #expect(try FolderLock.take(in: folder.file("a")) == nil)
    #expect(try FolderLock.take(in: folder.file("none")) == nil)
  }
}

@Suite struct PendingFileTests {
  /// A file in which another process, which is alive, would hold the lock.
  private func locked(_ path: String) throws -> FileHandle {
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    #expect(flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0)
    return handle
  }

  @Test func `leftovers of dead processes go; what is being written and what has another name stays`() throws
  {
    let folder = try TemporaryFolder()
    let left = [".model.onnx.77.0.tmp", ".a.1.999.tmp"]
    let others = [
      ".model.onnx.77.tmp", "model.onnx.77.0.tmp", ".x.7.b.tmp", "a.tmp", ".b..0.tmp", ".c.1.1.tmp~",
    ]
    for name in left + others + [".busy.1.0.tmp"] { try folder.write("x", to: name) }
    let busy = try locked(folder.file(".busy.1.0.tmp"))
    PendingFile.removeLeftovers(in: folder.path)
    #expect(folder.names == (others + [".busy.1.0.tmp"]).sorted())
    try busy.close()
    PendingFile.removeLeftovers(in: folder.path)
    #expect(folder.names == others.sorted())
  }

  @Test func `only the leftovers of one file go where one is named`() throws {
    let folder = try TemporaryFolder()
    for name in [".a.onnx.1.0.tmp", ".b.onnx.1.0.tmp"] { try folder.write("x", to: name) }
    PendingFile.removeLeftovers(of: folder.file("a.onnx"))
    #expect(folder.names == [".b.onnx.1.0.tmp"])
  }

  @Test func `a file that is being written is none of the leftovers`() throws {
    let folder = try TemporaryFolder()
    let file = try PendingFile(folder.file("a"))
    try file.write([1, 2])
    PendingFile.removeLeftovers(in: folder.path)
    try file.commit()
    #expect(folder.names == ["a"])
    #expect(try folder.bytes("a") == [1, 2])
  }

  @Test func `the rights of a file that is replaced stay`() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "a")
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: folder.file("a"))
    try AtomicWrite.file(at: folder.file("a"), bytes: [1])
    let rights = try FileManager.default.attributesOfItem(atPath: folder.file("a"))[.posixPermissions] as? Int
    #expect(rights == 0o640)
  }

  @Test func `a name as long as the system allows can be written`() throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "ä", count: 127)
    try AtomicWrite.file(at: folder.file(name), bytes: [1])
    #expect(folder.names == [name])
  }
}
