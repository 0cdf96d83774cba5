import Tensors

extension LabelledImages {
  /// A class-stratified subsample: max(1, round(n·fraction)) images of each class, halves rounded away from zero.
  ///
  /// Groups, and the images of a file, stay whole, so that with groups the number is reached as nearly as they allow.
  /// Folds are independent subsamples: which images are drawn depends on (seed, fold, class) alone. The order of the
  /// remaining images is kept. A fraction of 1 keeps all.
  /// - Throws: an error for a fraction outside 0 < f ≤ 1.
  public func fraction(_ fraction: Double, fold: Int, seed: Int) throws(DatasetError) -> LabelledImages {
    guard fraction > 0, fraction <= 1 else {
      throw DatasetError(.usage, "the fraction \(fraction) is not above 0 and at most 1")
    }
    guard fraction < 1 else { return self }
    let drawn = drawing(key: [seed, fold], keepsRest: false) {
      max(1, Int((Double($0) * fraction).rounded()))
    }
    var result = holding(drawn.map { samples[$0] })
    result.ignored = ignored
    return result
  }

  /// The images with train and test parts: as the source has them, or else drawn, stratified by class.
  ///
  /// Where the source has none, round(n·share) images of a class test, at least one and at most all but one; groups stay whole. What
  /// is drawn depends on the images and the share alone: the test part of a data set is the same for every seed of a run, so
  /// that runs can be compared.
  /// - Throws: an error where a class has a single image or group, or where groups leave a class nothing to train.
  public func split(testShare: Double = 0.2) throws(DatasetError) -> LabelledImages {
    guard !hasSplit else { return self }
    guard testShare > 0, testShare < 1 else {
      throw DatasetError(.usage, "the test share \(testShare) is not between 0 and 1")
    }
    try requireSeveralUnits(unitsByClass)
    let test = drawing(key: LabelledImages.testKey, keepsRest: true) { count in
      min(max(1, Int((Double(count) * testShare).rounded())), count - 1)
    }
    guard !test.isEmpty else {
      throw DatasetError(
        .badData, "no image can be spared for a test part", hint: "provide train and test folders")
    }
    let result = assigning(.test, to: test, others: .train)
    let counts = zip(counts, result.part(.train).counts)
    let untrained = zip(classes, counts).filter { $1.0 > 0 && $1.1 == 0 }.map { "'\($0.0)'" }
    guard masks != nil || untrained.isEmpty else {
      throw DatasetError(
        .badData,
        "groups with other classes take all images of \(untrained.joined(separator: ", ")) to the test part",
        hint: "provide the parts in a column split")
    }
    return result
  }

  /// Refuses classes with a single image, file or group, which cannot train and test.
  ///
  /// A set of classes that a single mask holds may be left to one part.
  func requireSeveralUnits(_ units: [[[Int]]]) throws(DatasetError) {
    guard masks == nil else { return }
    let single = classes.indices.filter { units[$0].count == 1 }
    guard !single.isEmpty else { return }
    let unit =
      samples.allSatisfy { $0.unit == nil }
      ? "image" : samples.allSatisfy { $0.group == nil } ? "file" : "group"
    let names = single.map { "'\(classes[$0])'" }.joined(separator: ", ")
    throw DatasetError(
      .badData, "only one \(unit) of \(names), two are needed to train and to test",
      hint: "add images, or provide train and test folders")
  }

  /// The key of drawn test parts: the recipe's seed, whatever the seed of a run.
  private static let testKey = [7, 0x7E57]

  /// Moves part of these train images to validation where every class can spare them, else none.
  ///
  /// max(1, round(n·share)) images of each class validate, groups whole, if every class keeps 8 or more for training; otherwise
  /// there is no validation part and all images train. Drawn by (seed, fold, class).
  public func takingValidation(share: Double = 0.1, fold: Int, seed: Int) throws(DatasetError)
    -> LabelledImages
  {
    guard share >= 0, share < 1 else {
      throw DatasetError(.usage, "the validation share \(share) is not at least 0 and below 1")
    }
    if share > 0 {
      let drawn = drawing(key: [seed, fold, 0x7A1], keepsRest: true) {
        max(1, Int((Double($0) * share).rounded()))
      }
      let result = assigning(.validation, to: drawn, others: .train)
      if result.part(.train).leastOfAnyClass >= LabelledImages.leastTraining { return result }
    }
    return assigning(.train, to: [], others: .train)
  }

  /// Images of the smallest class; of images with masks those whose mask holds it.
  private var leastOfAnyClass: Int {
    guard let masks else { return counts.min() ?? 0 }
    let counts = imagesByMaskClass
    return masks.classes.foreground.map { counts[$0] }.min() ?? 0
  }

  /// Images that every class keeps for training when validation images are taken.
  package static let leastTraining = 8

  /// The positions drawn from each class, ascending.
  ///
  /// - Parameters:
  ///   - keepsRest: whether something of every class must be left.
  ///   - count: how many of so many images of a class are wanted.
  private func drawing(key: [Int], keepsRest: Bool, count: (Int) -> Int) -> [Int] {
    unitsByClass.enumerated().flatMap { label, units in
      guard !units.isEmpty else { return [Int]() }
      let total = units.reduce(0) { $0 + $1.count }
      var random = Random(words: key + [label])
      let order = random.permutation(of: units.count).map { units[$0] }
      return LabelledImages.nearest(order, to: count(total), limit: keepsRest ? total - 1 : total)
    }.sorted()
  }

  /// Takes units in their order wherever that brings their sum nearer to `target`, at least one and at most `limit` images.
  ///
  /// Of units of one image these are the first `target`.
  private static func nearest(_ units: [[Int]], to target: Int, limit: Int) -> [Int] {
    var taken: [Int] = []
    for unit in units where taken.count + unit.count <= limit {
      if abs(taken.count + unit.count - target) < abs(taken.count - target) { taken += unit }
    }
    guard taken.isEmpty, target > 0 else { return taken }
    return units.filter { $0.count <= limit }.min { $0.count < $1.count } ?? []
  }

  /// Per class, what can only be drawn as a whole: an image, or the images of a group or of a file, which counts for its most frequent class.
  var unitsByClass: [[[Int]]] {
    var units: [[Int]] = []
    var numbers: [Sample.Unit: Int] = [:]
    for (position, sample) in samples.enumerated() {
      if let unit = sample.unit {
        if let number = numbers[unit] {
          units[number].append(position)
          continue
        }
        numbers[unit] = units.count
      }
      units.append([position])
    }
    var result = [[[Int]]](repeating: [], count: classes.count)
    for unit in units {
      var label = samples[unit[0]].label
      if unit.count > 1 {
        var counts = [Int](repeating: 0, count: classes.count)
        for position in unit { counts[samples[position].label] += 1 }
        label = counts.indices.max { (counts[$0], -$0) < (counts[$1], -$1) } ?? label
      }
      result[label].append(unit)
    }
    return result
  }

  private func assigning(_ split: Split, to positions: [Int], others: Split) -> LabelledImages {
    var result = self
    for position in result.samples.indices { result.samples[position].split = others }
    for position in positions { result.samples[position].split = split }
    return result
  }
}
