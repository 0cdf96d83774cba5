import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite struct PeakMemoryTests {
  @Test func `the peak is the tool's own, whatever the process that starts it has used`() throws {
    let folder = try TemporaryFolder()
    // Pages of this process that have been written to.
    let ballast = [UInt8](repeating: 1, count: 1 << 30)
    let object = try ToolProcess.object(["bench", Scenario.transformer, "--runs", "1"], in: folder)
    let peak = try #require(object["peak_bytes"]?.integer)
    #expect(ballast[ballast.count - 1] == 1)
    #expect(peak > 1 << 20)
    #expect(peak < 1 << 30)
    let planned = try #require(object["planned_bytes"]?.integer)
    #expect((1...peak).contains(planned))
  }

  @Test func `a limit of memory that nothing fits ends with 1 and both sizes`() throws {
    let folder = try TemporaryFolder()
    let result = try ToolProcess.run(["bench", Scenario.transformer, "--memory", "10kB"], in: folder)
    #expect(result.code == 1, "\(result.errors)")
    #expect(result.errors.contains("the limit is 10000"), "\(result.errors)")
  }

  @Test(arguments: [
    (["--augment", "standard"], ["a training step of", "batches of images"]),
    (["--augment", "none"], ["what does not change of", "values of 24 training images"]),
  ])
  func `what a training holds at the same time is refused together, before the first epoch`(
    words: [String], parts: [String]
  ) throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 8, test: 2)
    // Each plan alone fits: its largest part needs some 430 kB.
    let refused = try ToolProcess.run(training("--epochs", "1", "--memory", "600kB") + words, in: folder)
    #expect(refused.code == 1, "\(refused.errors)")
    for text in ["bytes at the same time, the limit is 600000: ", "--memory"] + parts {
      #expect(refused.errors.contains(text), "\(refused.errors)")
    }
    #expect(!folder.exists("run/metrics.jsonl"))
    let fits = try ToolProcess.run(training("--epochs", "1", "--memory", "4MB") + words, in: folder)
    #expect(fits.code == 0, "\(fits.errors)")
  }
}
