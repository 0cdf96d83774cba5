import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite(.serialized) struct InterruptionTests {
  /// The lines of metrics.jsonl without what depends on the clock.
  private func metrics(_ folder: TemporaryFolder, _ run: String) throws -> [JSONObject] {
    try folder.text(run + "/metrics.jsonl").split(separator: "\n").map { line in
      var object = try #require(try JSONValue(parsing: String(line)).object)
      object["seconds"] = nil
      object["images_per_second"] = nil
      return object
    }
  }

  /// Makes a run's metrics tell that its epochs took long, so that it shows whether their seconds are counted.
  private func slowDown(_ folder: TemporaryFolder, _ run: String, secondsPerEpoch: Double) throws {
    let lines = try metrics(folder, run).map { line in
      var object = line
      object["seconds"] = .number(secondsPerEpoch)
      return JSONValue.object(object).text(indented: false) + "\n"
    }
    try folder.write(lines.joined(), to: run + "/metrics.jsonl")
  }

  @Test func `Ctrl-C ends with 130, and the resumed run is the one that was never interrupted`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 8, test: 2)
    let epochs = "60"
    let straight = try ToolProcess.run(training("--epochs", epochs, into: "straight"), in: folder)
    #expect(straight.code == 0, "\(straight.errors)")

    let running = try ToolProcess.start(training("--epochs", epochs), in: folder)
    while running.isRunning, (try? metrics(folder, "run").count) ?? 0 < 2 { usleep(2000) }
    running.interrupt()
    let interrupted = try running.wait()
    #expect(interrupted.code == 130, "\(interrupted.errors)")
    let done = try metrics(folder, "run").count
    #expect((2..<60).contains(done))
    #expect(!folder.exists("run/model.onnx"))
    try slowDown(folder, "run", secondsPerEpoch: 1000)

    let resumed = try ToolProcess.run(training("--epochs", epochs, "--resume"), in: folder)
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try metrics(folder, "run") == metrics(folder, "straight"))
    #expect(try folder.bytes("run/model.onnx") == folder.bytes("straight/model.onnx"))
    let summary = try #require(try JSONValue(parsing: try folder.text("run/summary.json")).object)
    let seconds = try #require(summary["seconds"]?.number)
    #expect((1000 * Double(done)..<1000 * Double(done + 1)).contains(seconds))
  }

  @Test func `a run that is resumed with other options is refused by the option's name`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    #expect(try ToolProcess.run(training("--epochs", "1"), in: folder).code == 0)
    let result = try ToolProcess.run(training("--epochs", "2", "--resume", "--seed", "9"), in: folder)
    #expect(result.code == 65)
    #expect(result.errors.contains("the run has --seed 7, given is 9"))
  }

  @Test func `a run folder that is used already is left alone`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    #expect(try ToolProcess.run(training("--epochs", "1"), in: folder).code == 0)
    let before = try folder.bytes("run/model.onnx")
    let result = try ToolProcess.run(training("--epochs", "1"), in: folder)
    #expect(result.code == 64)
    #expect(result.errors.contains("holds another run"))
    #expect(try folder.bytes("run/model.onnx") == before)
  }

  @Test func `a loss that is no number ends with 1, and the last whole epoch stays`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    // Decay of lr · 1 makes the head's weights some thousand times larger in each step, until they overflow.
    func wild(_ words: String..., into run: String) -> [String] {
      training("--optimizer", "adamw", "--weight-decay", "1", "--lr-head", "1e3", into: run) + words
    }
    let result = try ToolProcess.run(wild("--epochs", "50", into: "wild"), in: folder)
    #expect(result.code == 1, "\(result.errors)")
    #expect(result.errors.contains("the loss is not a finite number any more"))
    #expect(!folder.exists("wild/model.onnx"))
    let done = try metrics(folder, "wild").count
    try #require((1..<50).contains(done))

    let short = try ToolProcess.run(wild("--epochs", "\(done)", into: "short"), in: folder)
    #expect(short.code == 0, "\(short.errors)")
    let checkpoint = try folder.bytes("short/checkpoint.safetensors")
    let again = try ToolProcess.run(wild("--epochs", "50", "--resume", into: "short"), in: folder)
    #expect(again.code == 1, "\(again.errors)")
    #expect(try folder.bytes("short/checkpoint.safetensors") == checkpoint)

    let ended = try ToolProcess.run(wild("--epochs", "\(done)", "--resume", into: "wild"), in: folder)
    #expect(ended.code == 0, "\(ended.errors)")
    #expect(try folder.bytes("wild/model.onnx") == folder.bytes("short/model.onnx"))
    let evaluated = try ToolProcess.object(["evaluate", "wild/model.onnx", "--data", "images"], in: folder)
    #expect(evaluated["images"]?.integer == 6)
  }

  @Test(.enabled("a tmpfs cannot be mounted here") { SmallDisk.isPossible })
  func `a full disk ends with 1, says so, and keeps what was written`() throws {
    let folder = try TemporaryFolder()
    let disk = try SmallDisk(at: folder.file("disk"))
    defer { disk.unmount() }
    try folder.write("kept", to: "disk/earlier.txt")
    let result = try ToolProcess.run(
      ["inject", Scenario.transformer, "-o", "disk/adapted.onnx", "--json"], in: folder)
    #expect(result.code == 1, "\(result.errors)")
    #expect(try result.json()["error"]?.object?["code"]?.integer == 1)
    #expect(try folder.text("disk/earlier.txt") == "kept")
    #expect(!folder.exists("disk/adapted.onnx"))
  }
}
