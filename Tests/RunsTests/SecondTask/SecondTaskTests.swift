import Datasets
import Graphs
import Kernels
import Operators
import Runs
import TensorFiles
import Tensors
import TestSupport
import Testing
import Training

/// What one folder of declarations makes: a task with a target, a loss, a head and figures of its own.
@Suite struct SecondTaskTests {
  /// Grey images of two shades in folders named by their brightness in hundredths.
  private func shades(_ folder: TemporaryFolder) throws -> String {
    for (part, count) in [("train", 12), ("validation", 2), ("test", 3)] {
      for shade in [20, 80] {
        for number in 0..<count {
          let value = UInt8(shade * 255 / 100 + number)
          let image = Image(
            width: 32, height: 32, channels: 3, bytes: [UInt8](repeating: value, count: 3 * 32 * 32))
          try folder.write(PNGCoder.encode(image), to: "images/\(part)/\(shade)/\(number).png")
        }
      }
    }
    return folder.path + "/images"
  }

  @Test func `a task of its own trains, is exported, measured and resumed with no change elsewhere`() throws {
    let folder = try TemporaryFolder()
    var request = TrainingRun.Request(
      model: FixtureFiles.path("backbones/timm_vit.ts17.dynamic.onnx"), data: try shades(folder),
      output: folder.path + "/run", injection: Injection(), options: [:])
    request.task = BrightnessTask()
    request.configuration.epochs = 8
    request.configuration.batch = 8
    request.configuration.headLearningRate = 1e-2
    var records: [EpochRecord] = []
    func run() throws -> TrainingReport {
      try TrainingRun(
        request, context: .testing(threads: 2),
        emit: { if case .epoch(let record) = $0 { records.append(record) } }, isInterrupted: { false }
      ).run()
    }
    let report = try run()
    #expect(records.map(\.epoch) == Array(1...8))
    #expect(records.allSatisfy { $0.figures.map(\.name) == ["error"] })
    #expect(records[7].loss < records[0].loss / 4)
    let best = records.indices.max {
      records[$1].validation!.score.isBetter(than: records[$0].validation!.score)
    }
    #expect(report.bestEpoch == best.map { $0 + 1 })
    #expect(report.exportDifference < 1e-5)
    let squaredError = try #require(report.json["test"]?["squared_error"]?.number)
    #expect(squaredError < 0.05)

    let written = try ModelFile(report.model)
    #expect(written.description.graph.outputs.map(\.name) == ["number"])
    #expect(written.description.metadata.first { $0.key == "task" }?.value == "regress")

    request.configuration.epochs = 9
    request.resumes = true
    #expect(try run().epochs == 9)
    #expect(records.count == 9)
  }
}
