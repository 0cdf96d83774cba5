import Tensors

extension LabelledImages {
  /// Warnings on images of equal content that lie in more than one part or have more than one class.
  ///
  /// Only files of equal size are read, and of those the ones whose hash is not known.
  ///
  /// - Parameter known: SHA-256 by `Sample.index`.
  func remarksOnEqualFiles(
    byteCounts: [Int], known: [Int: String], threads: Int, _ watch: ReadingWatch
  ) throws(DatasetError) -> [DatasetNote] {
    let candidates = runs(of: Array(samples.indices)) { byteCounts[$0] }.filter { run in
      differs(run, \.split) || differs(run, \.label)
    }.flatMap(\.self)
    let samples = samples
    let hashes = try concurrentMap(count: candidates.count, threads: threads, watch) { position in
      let sample = samples[candidates[position]]
      // A file that went away since it was decoded is reported when it is read next.
      return known[sample.index] ?? (try? SHA256.hexadecimal(mapping: sample.path)) ?? ""
    }
    let hashOf = Dictionary(uniqueKeysWithValues: zip(candidates, hashes))
    let equal = runs(of: candidates.filter { hashOf[$0] != "" }) { (hashOf[$0] ?? "") + samples[$0].suffix }
    return remark(
      equal, on: \.split, "are in more than one part, so that what is measured was seen before"
    ) { $0.split?.rawValue ?? Split.unusedName }
      + remark(equal, on: \.label, "have more than one class") { "'\(self.classes[$0.label])'" }
  }

  private func remark<Value: Equatable>(
    _ runs: [[Int]], on value: KeyPath<Sample, Value>, _ claim: String, _ name: (Sample) -> String
  ) -> [DatasetNote] {
    let pairs = runs.compactMap { run -> String? in
      let first = samples[run[0]]
      guard let other = run.first(where: { samples[$0][keyPath: value] != first[keyPath: value] }) else {
        return nil
      }
      return "\(first.quoted) (\(name(first))) and \(samples[other].quoted) (\(name(samples[other])))"
    }
    guard !pairs.isEmpty else { return [] }
    let count = pairs.count == 1 ? "1 image has copies that" : "\(pairs.count) images have copies that"
    return [DatasetNote(.warning, "\(count) \(claim): \(DatasetNote.list(pairs))")]
  }

  private func differs<Value: Equatable>(_ run: [Int], _ value: KeyPath<Sample, Value>) -> Bool {
    run.contains { samples[$0][keyPath: value] != samples[run[0]][keyPath: value] }
  }

  /// Positions with equal keys, two or more each, in the order of the first position.
  private func runs<Key: Hashable>(of positions: [Int], _ key: (Int) -> Key) -> [[Int]] {
    var numbers: [Key: Int] = [:]
    var runs: [[Int]] = []
    for position in positions {
      if let number = numbers[key(position)] {
        runs[number].append(position)
      } else {
        numbers[key(position)] = runs.count
        runs.append([position])
      }
    }
    return runs.filter { $0.count > 1 }
  }
}
