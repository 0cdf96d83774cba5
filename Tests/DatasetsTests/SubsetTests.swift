import Datasets
import Testing

private func images(_ counts: [Int], split: Split? = .train) -> LabelledImages {
  let labels = counts.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
  let samples = labels.enumerated().map {
    Sample(path: "\($0.offset)", label: $0.element, split: split, index: $0.offset)
  }
  return LabelledImages(classes: counts.indices.map { "class\($0)" }, samples: samples)
}

@Suite struct SubsetTests {
  @Test func `the published few-shot sizes of BUSI come out`() throws {
    // 437 / 210 / 133 images, 80 % for training: METHOD's 0.63 % gives 4 images, 1.25 % gives 7.
    let busi = images([350, 168, 106])
    #expect(try busi.fraction(0.0063, fold: 0, seed: 7).counts == [2, 1, 1])
    #expect(try busi.fraction(0.0125, fold: 0, seed: 7).counts == [4, 2, 1])
    #expect(try busi.fraction(0.125, fold: 0, seed: 7).counts == [44, 21, 13])
    #expect(try busi.fraction(1, fold: 3, seed: 7) == busi)
  }

  @Test func `halves round away from zero and every class keeps an image`() throws {
    #expect(try images([10, 30, 1]).fraction(0.25, fold: 0, seed: 1).counts == [3, 8, 1])
  }

  @Test func `folds are reproducible, different from each other, in order and without repeats`() throws {
    let all = images([100, 60])
    let folds = try (0..<5).map { try all.fraction(0.1, fold: $0, seed: 7).samples.map(\.index) }
    #expect(Set(folds).count == 5)
    for (fold, indices) in folds.enumerated() {
      #expect(indices == indices.sorted() && Set(indices).count == 16)
      #expect(try all.fraction(0.1, fold: fold, seed: 7).samples.map(\.index) == indices)
      #expect(try all.fraction(0.1, fold: fold, seed: 8).samples.map(\.index) != indices)
    }
  }

  @Test func `a test part is drawn per class where there is none, and kept where there is one`() throws {
    let split = try images([50, 10, 2], split: nil).split()
    #expect(split.part(.test).counts == [10, 2, 1] && split.part(.train).counts == [40, 8, 1])
    #expect(try split.split(testShare: 0.5) == split)
    #expect(throws: DatasetError.self) { try images([50, 1], split: nil).split() }
  }

  @Test func `validation is taken only where every class keeps eight images`() throws {
    let enough = try images([90, 9]).takingValidation(fold: 0, seed: 7)
    #expect(enough.part(.validation).counts == [9, 1] && enough.part(.train).counts == [81, 8])
    let few = try images([90, 8]).takingValidation(fold: 0, seed: 7)
    #expect(few.part(.validation).samples.isEmpty && few.part(.train).counts == [90, 8])
  }

  @Test(arguments: [0, -0.5, 1.5, .nan]) func `fractions out of range are refused`(fraction: Double) {
    #expect(throws: DatasetError.self) { try images([5]).fraction(fraction, fold: 0, seed: 7) }
  }

  @Test func `labels beyond the model's classes are refused`() {
    #expect(throws: DatasetError.self) { try images([1, 1, 1]).requireLabels(below: 2, source: "x") }
  }
}
