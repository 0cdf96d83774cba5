import Foundation
import TestSupport
import Testing

/// Runs that end at an arbitrary place: whatever is left goes on, and comes to what was to come.
@Suite(.serialized) struct KillTests {
  /// Images and the run that nothing disturbs.
  private func withStraightRun() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    let straight = try ToolProcess.run(training("--epochs", "3", into: "straight"), in: folder)
    try #require(straight.code == 0, "\(straight.errors)")
    return folder
  }

  private func expectStraight(_ folder: TemporaryFolder, _ what: String) throws {
    for file in ["model.onnx", "adapter/adapter_model.safetensors"] {
      let isEqual = try folder.bytes("run/" + file) == folder.bytes("straight/" + file)
      #expect(isEqual, "\(file) after \(what)")
    }
    #expect(try folder.text("run/metrics.jsonl").split(separator: "\n").count == 3)
    #expect(folder.leftovers(in: "run") == [], "after \(what)")
    try FileManager.default.removeItem(atPath: folder.file("run"))
  }

  @Test func `a run killed as soon as any of its files appears goes on to the same bits`() throws {
    let folder = try withStraightRun()
    for file in [
      ".lock", "config.json", "metrics.jsonl", "checkpoint.safetensors", "model.onnx", "adapter",
      "adapter/adapter_config.json", "summary.json",
    ] {
      let running = try ToolProcess.start(training("--epochs", "3"), in: folder)
      while running.isRunning, !folder.exists("run/" + file) { usleep(200) }
      running.kill()
      _ = try running.wait()
      let resumed = try ToolProcess.run(training("--epochs", "3", "--resume"), in: folder)
      #expect(resumed.code == 0, "after \(file): \(resumed.errors)")
      try expectStraight(folder, "a kill at \(file)")
    }
  }

  @Test func `a run killed again and again comes to its end with the same bits`() throws {
    let folder = try withStraightRun()
    func lines() -> Int {
      ((try? folder.text("run/metrics.jsonl")) ?? "").split(separator: "\n").count
    }
    for epoch in 1...2 {
      let running = try ToolProcess.start(training("--epochs", "3", "--resume"), in: folder)
      while running.isRunning, lines() < epoch { usleep(200) }
      running.kill()
      _ = try running.wait()
    }
    let last = try ToolProcess.run(training("--epochs", "3", "--resume"), in: folder)
    #expect(last.code == 0, "\(last.errors)")
    try expectStraight(folder, "two kills")
  }

  @Test
  func `a limit on the size of files, wherever it strikes, is an error, and the run goes on without it`()
    throws
  {
    let folder = try withStraightRun()
    let largest = try folder.bytes("straight/model.onnx").count
    var limits: [Int] = []
    for limit in [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256] where limit * 512 < largest {
      limits.append(limit)
      let limited = try ToolProcess.run(training("--epochs", "3"), in: folder, fileLimit: limit)
      #expect(limited.code == 1 && limited.errors.contains("file size limit"), "\(limit): \(limited.errors)")
      #expect(folder.leftovers(in: "run") == [], "with limit \(limit)")
      // Without a checkpoint as a new run, else from there.
      let isStarted = folder.exists("run/checkpoint.safetensors")
      let resumed = try ToolProcess.run(
        training("--epochs", "3") + (isStarted || limit.isMultiple(of: 8) ? ["--resume"] : []), in: folder)
      #expect(resumed.code == 0, "\(limit): \(resumed.errors)")
      try expectStraight(folder, "limit \(limit)")
    }
    #expect(limits.count > 3)
  }

  @Test(.enabled("a tmpfs cannot be mounted here") { SmallDisk.isPossible })
  func `a run whose disk is full is an error, and goes on when there is room`() throws {
    let folder = try withStraightRun()
    let disk = try SmallDisk(at: folder.file("disk"))
    defer { disk.unmount() }
    let full = try ToolProcess.run(training("--epochs", "3", into: "disk/run"), in: folder)
    #expect(full.code == 1 && full.errors.contains("space"), "\(full.errors)")
    #expect(folder.leftovers(in: "disk/run") == [])
    try FileManager.default.copyItem(atPath: folder.file("disk/run"), toPath: folder.file("run"))
    let resumed = try ToolProcess.run(training("--epochs", "3", "--resume"), in: folder)
    #expect(resumed.code == 0, "\(resumed.errors)")
    try expectStraight(folder, "a full disk")
  }

  @Test func `what a killed inject left goes with the next one`() throws {
    let folder = try TemporaryFolder()
    for name in [".adapted.onnx.1.0.tmp", ".another.onnx.1.0.tmp"] { try folder.write("x", to: name) }
    let result = try ToolProcess.run(["inject", Scenario.transformer, "-o", "adapted.onnx"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(folder.leftovers(in: ".") == [".another.onnx.1.0.tmp"])
  }
}
