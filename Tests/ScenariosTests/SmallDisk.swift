import Foundation
import TestSupport

/// A disk of 64 KiB, which is full soon; mounting it takes rights that not every machine gives.
struct SmallDisk {
  /// The mounting did not work.
  struct NotMounted: Error {}

  private let path: String

  /// Mounts a disk at a folder that it creates.
  init(at path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard try Self.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path) else { throw NotMounted() }
    self.path = path
  }

  /// Takes the disk away, with what is on it.
  func unmount() { _ = try? Self.run("umount", path) }

  /// Whether a disk can be mounted.
  static let isPossible: Bool = {
    guard let folder = try? TemporaryFolder(), let disk = try? SmallDisk(at: folder.file("disk")) else {
      return false
    }
    disk.unmount()
    return true
  }()

  /// Runs a program of the system; tells whether it succeeded.
  private static func run(_ words: String...) throws -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
