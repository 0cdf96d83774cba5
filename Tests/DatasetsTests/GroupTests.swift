import Datasets
import Tensors
import Testing

/// Images of some classes, each with its group.
private func images(_ samples: [(label: Int, group: String?)], split: Split? = nil) -> LabelledImages {
  LabelledImages(
    classes: ["a", "b"],
    samples: samples.enumerated().map { index, sample in
      Sample(path: "\(index)", label: sample.label, split: split, group: sample.group, index: index)
    })
}

/// 60 images of each class in groups of one to five.
private func patients(split: Split? = nil) -> LabelledImages {
  var random = Random(3)
  var samples: [(label: Int, group: String?)] = []
  for label in 0..<2 {
    while samples.count < 60 * (label + 1) {
      let size = min(1 + random.integer(below: 5), 60 * (label + 1) - samples.count)
      samples += Array(repeating: (label, "p\(samples.count)"), count: size)
    }
  }
  return images(samples, split: split)
}

private func groups(_ images: LabelledImages) -> Set<String> { Set(images.samples.compactMap(\.group)) }

@Suite struct GroupTests {
  @Test func `a drawn test part divides no group and comes near to the share`() throws {
    let all = try patients().split()
    #expect(groups(all.part(.test)).isDisjoint(with: groups(all.part(.train))))
    for count in all.part(.test).counts { #expect((10...14).contains(count)) }
  }

  @Test func `drawn validation images and fractions divide no group`() throws {
    let all = patients(split: .train)
    for seed in 0..<20 {
      let drawn = try all.takingValidation(share: 0.2, fold: 0, seed: seed)
      #expect(!drawn.part(.validation).samples.isEmpty)
      #expect(groups(drawn.part(.validation)).isDisjoint(with: groups(drawn.part(.train))))
      let half = try all.fraction(0.5, fold: 1, seed: seed)
      let rest = all.samples.filter { sample in !half.samples.contains { $0.index == sample.index } }
      #expect(groups(half).isDisjoint(with: Set(rest.compactMap(\.group))))
    }
  }

  @Test func `images without groups are drawn as the permutation of their class says`() throws {
    let all = images((0..<50).map { ($0 % 2, nil) })
    let expected = (0..<2).flatMap { label in
      var random = Random(7, 0x7E57, label)
      return random.permutation(of: 25).prefix(5).map { 2 * $0 + label }
    }
    #expect(try all.split().part(.test).samples.map(\.index) == expected.sorted())
  }

  @Test func `folds to choose by divide no group, and those of a single one are its images`() {
    let all = patients()
    let folds = all.folds(5, seed: 7)
    #expect(folds.count == 5)
    #expect(folds.flatMap(\.measured).sorted() == Array(all.samples.indices))
    for fold in folds {
      #expect((fold.training + fold.measured).sorted() == Array(all.samples.indices))
      let measured = Set(fold.measured.map { all.samples[$0].group })
      #expect(measured.isDisjoint(with: fold.training.map { all.samples[$0].group }))
      #expect(Set(fold.measured.map { all.samples[$0].label }) == [0, 1])
    }
    let one = images((0..<10).map { ($0 % 2, "p") }).folds(5, seed: 7)
    #expect(one.map(\.measured.count) == [2, 2, 2, 2, 2])
    #expect(images([(0, nil), (1, nil)]).folds(5, seed: 7).map(\.measured.count) == [1, 1])
  }

  @Test func `a group with several classes counts for the most frequent one`() throws {
    // Of class a there are ten single images and one in b's group, which cannot test a alone.
    let singles = [(label: Int, group: String?)](repeating: (0, nil), count: 10)
    let mixed = [(1, "p"), (1, "p"), (0, "p"), (1, "q"), (1, "q")] as [(label: Int, group: String?)]
    let test = try images(singles + mixed).split(testShare: 0.4).part(.test)
    #expect(groups(test).count == 1)
    #expect(test.samples.count { $0.label == 0 && $0.group == nil } == 4)
  }

  @Test func `a class of one group cannot be divided`() throws {
    let all = images([(0, "p"), (0, "p"), (0, "p"), (1, nil), (1, nil)])
    let error = try #require(throws: DatasetError.self) { try all.split() }
    #expect(error.message == "only one group of 'a', two are needed to train and to test")
  }
}
