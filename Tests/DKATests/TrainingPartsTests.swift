import DKA
import Foundation
import Testing

@Suite struct TrainingPartsTests {
  private static let transformer = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Models/phantom-vit.onnx").standardizedFileURL.path

  @Test func `images that a fraction leaves out are listed as unused`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "dka-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SyntheticImages(.lesions, side: 64).writeFolder(folder, trainPerClass: 12, testPerClass: 1)
    let model = try Model(contentsOf: Self.transformer)
    let adapted = try model.adapted(
      by: DualKernelAdapter(), in: try model.backbone(), head: .classifier(classes: 3))
    var recipe = TrainingConfiguration()
    recipe.fraction = 0.5
    let parts = try FineTuning(of: adapted, on: try ImageFolder.read(folder), recipe).parts
    #expect(parts.all.samples.map(\.index) == Array(0..<39))
    let rows = parts.all.splitTable(relativeTo: folder).split(separator: "\n")
    #expect(rows.count { $0.contains(",unused,") } == 18)
    #expect(rows.count { $0.contains(",train,") } == parts.train.samples.count)
  }
}
