import Tensors

extension LabelledImages {
  /// A class-stratified subsample: max(1, round(n·fraction)) images of each class, halves rounded away from zero.
  ///
  /// Folds are independent subsamples: which images are drawn depends on (seed, fold, class) alone. The order of the
  /// remaining images is kept. A fraction of 1 keeps all.
  /// - Throws: an error for a fraction outside 0 < f ≤ 1.
  public func fraction(_ fraction: Double, fold: Int, seed: Int) throws(DatasetError) -> LabelledImages {
    guard fraction > 0, fraction <= 1 else {
      throw DatasetError(.usage, "the fraction \(fraction) is not above 0 and at most 1")
    }
    guard fraction < 1 else { return self }
    return selecting(from: drawing(key: [seed, fold]) { max(1, Int((Double($0) * fraction).rounded())) })
  }

  /// The images with train and test parts: as the source has them, or else drawn, stratified by class.
  ///
  /// Where the source has none, round(n·share) images of a class test, at least one and at most all but one.
  /// - Throws: an error where a class has a single image, or where the source has a test part but no train part.
  public func split(testShare: Double = 0.2, seed: Int) throws(DatasetError) -> LabelledImages {
    guard !hasSplit else { return self }
    guard testShare > 0, testShare < 1 else {
      throw DatasetError(.usage, "the test share \(testShare) is not between 0 and 1")
    }
    let single = zip(classes, counts).filter { $0.1 == 1 }.map { "'\($0.0)'" }
    guard single.isEmpty else {
      throw DatasetError(
        .badData, "only one image of \(single.joined(separator: ", ")), two are needed to train and to test",
        hint: "add images, or provide train and test folders")
    }
    let test = drawing(key: [seed, 0x7E57]) { count in
      count == 0 ? 0 : min(max(1, Int((Double(count) * testShare).rounded())), count - 1)
    }
    return assigning(.test, to: test, others: .train)
  }

  /// Moves part of these train images to validation where every class can spare them, else none.
  ///
  /// max(1, round(n·share)) images of each class validate, if every class keeps 8 or more for training; otherwise there is no
  /// validation part and all images train. Drawn by (seed, fold, class).
  public func takingValidation(share: Double = 0.1, fold: Int, seed: Int) throws(DatasetError)
    -> LabelledImages
  {
    guard share >= 0, share < 1 else {
      throw DatasetError(.usage, "the validation share \(share) is not at least 0 and below 1")
    }
    func taken(_ count: Int) -> Int { max(1, Int((Double(count) * share).rounded())) }
    guard share > 0, counts.allSatisfy({ $0 - taken($0) >= 8 }) else {
      return assigning(.train, to: [], others: .train)
    }
    return assigning(.validation, to: drawing(key: [seed, fold, 0x7A1]) { taken($0) }, others: .train)
  }

  /// The positions drawn from each class, ascending; `count` gives how many of a class's images are drawn.
  private func drawing(key: [Int], count: (Int) -> Int) -> [Int] {
    var members = [[Int]](repeating: [], count: classes.count)
    for (position, sample) in samples.enumerated() { members[sample.label].append(position) }
    return members.enumerated().flatMap { label, positions in
      guard !positions.isEmpty else { return [Int]() }
      var random = Random(words: key + [label])
      return random.permutation(of: positions.count).prefix(count(positions.count)).map { positions[$0] }
    }.sorted()
  }

  private func selecting(from positions: [Int]) -> LabelledImages {
    LabelledImages(classes: classes, samples: positions.map { samples[$0] }, ignored: ignored)
  }

  private func assigning(_ split: Split, to positions: [Int], others: Split) -> LabelledImages {
    var result = self
    for position in result.samples.indices { result.samples[position].split = others }
    for position in positions { result.samples[position].split = split }
    return result
  }
}
