import Tensors

extension LabelledImages {
  /// The images with one of `count` folds to test and the others to train, stratified by class.
  ///
  /// Every image is in the test part of exactly one fold, and groups, and the images of a file, stay whole. Parts of the
  /// source are not kept, but images that it leaves out of all parts stay out. Units of a class are dealt out in an order
  /// drawn by (seed, class), large ones first, each to the fold with the fewest images of the class, then with the fewest
  /// in all.
  ///
  /// - Throws: an error for fewer than 2 folds, a fold that is none of them, or a class that has a single image or group.
  public func crossValidation(fold: Int, of count: Int, seed: Int) throws(DatasetError) -> LabelledImages {
    guard count >= 2, (0..<count).contains(fold) else {
      throw DatasetError(
        .usage, "\(DatasetNote.counted(count, "fold")) have no fold \(fold)", hint: "folds are counted from 0"
      )
    }
    var result = self
    if hasSplit { result = selecting { $0.split != nil } }
    let units = result.unitsByClass
    try requireSeveralUnits(units)
    var sizes = [Int](repeating: 0, count: count)
    for (label, units) in units.enumerated() {
      var random = Random(words: [seed, 0xC505, label])
      let order = random.permutation(of: units.count).map { units[$0] }
      var inClass = [Int](repeating: 0, count: count)
      for unit in order.enumerated().sorted(by: {
        ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
      }).map(\.element) {
        let target = sizes.indices.min { (inClass[$0], sizes[$0], $0) < (inClass[$1], sizes[$1], $1) } ?? 0
        inClass[target] += unit.count
        sizes[target] += unit.count
        for position in unit { result.samples[position].split = target == fold ? .test : .train }
      }
    }
    return withParts(of: [result])
  }

  /// These images in folds, stratified by class, each to be measured by what the others train; groups, and the images of a file, stay
  /// whole.
  ///
  /// Unlike parts these are there to choose by: of fewer units than folds some folds have none, and are left out, and where all images
  /// are of one group or file they are divided after all.
  ///
  /// - Returns: positions of the images that train and of those that are measured, per fold that has both.
  package func folds(_ count: Int, seed: Int) -> [(training: [Int], measured: [Int])] {
    var fold = [Int](repeating: 0, count: samples.count)
    var next = 0
    var unitsByClass = unitsByClass
    if unitsByClass.joined().count == 1 {
      unitsByClass = classes.indices.map { label in
        samples.indices.filter { samples[$0].label == label }.map { [$0] }
      }
    }
    for (label, units) in unitsByClass.enumerated() {
      var random = Random(seed, 0xF01D, label)
      for unit in random.permutation(of: units.count) {
        for position in units[unit] { fold[position] = next % count }
        next += 1
      }
    }
    return (0..<count).compactMap { index in
      let measured = fold.indices.filter { fold[$0] == index }
      let training = fold.indices.filter { fold[$0] != index }
      return measured.isEmpty || training.isEmpty ? nil : (training, measured)
    }
  }

  /// What a user should know about folds of these images.
  ///
  /// - Parameter count: how many folds.
  package func remarksOnCrossValidation(folds count: Int) -> [DatasetNote] {
    var notes: [DatasetNote] = []
    var used = self
    if hasSplit {
      used = selecting { $0.split != nil }
      notes.append(
        DatasetNote(.note, "cross-validation tests every image once: the parts of the data are not kept"))
    }
    let few = zip(used.unitsByClass, classes).filter { $0.0.count < count }.map {
      "'\($0.1)' has \($0.0.count)"
    }
    if !few.isEmpty {
      notes.append(
        DatasetNote(
          .warning, "\(count) folds, and \(few.joined(separator: ", ")): some folds have none of them to test"
        ))
    }
    return notes
  }
}
