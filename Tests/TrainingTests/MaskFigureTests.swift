import Datasets
import Foundation
import Tensors
import TestSupport
import Testing
import Training

/// Figures of masks against scipy: Tools/goldens/mask_reference.py.
@Suite struct MaskFigureTests {
  private struct Figures: Decodable {
    let iou: Double?
    let dice: Double?
    let hd95: Double?
    let surfaceDice: Double?
  }

  private struct Case: Decodable {
    let height: Int
    let width: Int
    let prediction: [Int]
    let reference: [Int16]
    let classes: [Figures]
  }

  private func cases() throws -> [Case] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      [Case].self, from: Data(contentsOf: URL(filePath: FixtureFiles.path("masks/figures.json"))))
  }

  /// Scores that say these classes.
  private func scores(_ prediction: [Int], width: Int, height: Int) throws -> ResizedScores {
    let scores = (0..<3).flatMap { index in prediction.map { $0 == index ? Float(2) : 0 } }
    return ResizedScores(try Tensor(scores, shape: [1, 3, height, width]))
  }

  private func comparison(_ given: Case) throws -> MaskComparison {
    MaskComparison(
      try scores(given.prediction, width: given.width, height: given.height),
      Mask(width: given.width, height: given.height, classes: given.reference),
      of: Sample(path: "image", label: 0, index: 0),
      foreground: [1, 2], tolerance: 2)
  }

  private func expectEqual(_ found: Double?, _ expected: Double?, _ what: String) {
    guard let found, let expected else {
      #expect(found == nil && expected == nil, "\(what): \(String(describing: found))")
      return
    }
    #expect(abs(found - expected) < 1e-12, "\(what): \(found), expected \(expected)")
  }

  @Test func `overlaps and distances of borders are those of scipy`() throws {
    for (number, given) in try cases().enumerated() {
      let found = try comparison(given)
      for (index, expected) in given.classes.enumerated() {
        let figures = found.classes[index]
        expectEqual(figures.iou, expected.iou, "iou \(number) \(index)")
        expectEqual(figures.dice, expected.dice, "dice \(number) \(index)")
        guard index > 0 else { continue }
        expectEqual(figures.hausdorff95, expected.hd95, "hd95 \(number) \(index)")
        expectEqual(figures.surfaceDice, expected.surfaceDice, "surface \(number) \(index)")
      }
    }
  }

  private static let classes = MaskClasses(names: ["background", "a", "b"], values: [0, 1, 2])

  @Test func `a class in neither mask is left out of means, and images without any are counted`() throws {
    func image(_ prediction: [Int], _ reference: [Int16]) throws -> MaskComparison {
      MaskComparison(
        try scores(prediction, width: 2, height: 2), Mask(width: 2, height: 2, classes: reference),
        of: Sample(path: "image", label: 0, index: 0),
        foreground: [1, 2], tolerance: 2)
    }
    let metrics = SegmentationMetrics(
      try [
        image([0, 0, 0, 0], [0, 0, 0, 0]),  // empty in both
        image([1, 0, 0, 0], [0, 0, 0, 0]),  // a false positive
        image([0, 0, 0, 0], [1, 1, 0, 0]),  // missed
        image([1, 1, 0, 0], [1, 1, 0, -1]),
      ], Self.classes, tolerance: 2)
    #expect(metrics.imagesEmpty == 1)
    #expect(metrics.imagesFalsePositive == 1)
    #expect(metrics.imagesMissed == 1)
    #expect(metrics.dicePerImage == 1.0 / 3)
    #expect(metrics.dicePerImageWithEmpty == 0.5)
    #expect(metrics.absentClasses == ["b"])
    #expect(metrics.perClass[1].iou == 2.0 / 5)
    #expect(metrics.perClass[1].dice == 4.0 / 7)
    #expect(metrics.miouOfForeground == 2.0 / 5)
    #expect(metrics.hausdorff95 == 0)
    #expect(metrics.perClass[1].surfaceDice == 1.0 / 3)
    // The last pixel of the last image counts nowhere.
    #expect(metrics.perClass[0].iou == 10.0 / 13)
  }

  @Test func `scores are resized as PyTorch does, half a pixel being the middle of one`() throws {
    // torch.nn.functional.interpolate([[0, 4], [8, 12]], size=(3, 4), mode="bilinear", align_corners=False)
    let scores = ResizedScores(try Tensor([0, 4, 8, 12] as [Float], shape: [1, 1, 2, 2]))
    var rows: [[Float]] = []
    scores.forEachRow(width: 4, height: 3) { _, row in rows.append((0..<4).map { row.score(0, $0) }) }
    let expected: [[Float]] = [[0, 1, 3, 4], [4, 5, 7, 8], [8, 9, 11, 12]]
    for (found, expected) in zip(rows, expected) {
      for (found, expected) in zip(found, expected) { #expect(abs(found - expected) < 1e-6) }
    }
  }

  @Test(arguments: [1, 3])
  func `the running overlap counts every pixel once, those that count nowhere not at all`(threads: Int) throws
  {
    // Two images of 150 × 130 pixels: more than one stretch each.
    let (height, width) = (150, 130)
    let plane = height * width
    func label(_ image: Int, _ pixel: Int) -> Int { (pixel * (image + 3)) % 7 / 3 }
    func predicted(_ image: Int, _ pixel: Int) -> Int { (pixel * (image + 5)) % 11 / 4 }
    var (scores, labels) = ([Float](), [Int32]())
    var both = [0, 0, 0]
    var sizes = [0, 0, 0]
    for image in 0..<2 {
      for index in 0..<3 { scores += (0..<plane).map { predicted(image, $0) == index ? 1 : 0 } }
      labels += (0..<plane).map { $0 % 13 == 0 ? -1 : Int32(label(image, $0)) }
      for pixel in 0..<plane where pixel % 13 != 0 {
        let (found, wanted) = (predicted(image, pixel), label(image, pixel))
        sizes[found] += 1
        sizes[wanted] += 1
        if found == wanted { both[found] += 1 }
      }
    }
    var overlap = RunningOverlap(Self.classes, threads: threads)
    overlap.add(
      try Tensor(scores, shape: Shape([2, 3, height, width])),
      try Tensor(labels, shape: Shape([2, height, width])))
    let dices = [1, 2].map { Double(2 * both[$0]) / Double(sizes[$0]) }
    #expect(overlap.values.map(\.value) == [(dices[0] + dices[1]) / 2])
  }
}
