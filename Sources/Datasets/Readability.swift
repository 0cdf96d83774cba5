import Tensors

extension LabelledImages {
  /// Decodes every image once, reports all that cannot be read in one error, in the order of the samples, and says what stands out in
  /// the others.
  ///
  /// - Parameters:
  ///   - threads: how many decode at a time.
  ///   - watch: is told of how many images are read.
  /// - Returns: remarks on equal files in several parts or classes, and on 16-bit files that use little of their range.
  /// - Throws: an error whose message names each unreadable file and its reason, a line each; one with the code `interrupted`.
  @discardableResult
  public func verifyReadable(
    threads: Int, _ watch: ReadingWatch = { _, _ in false }
  ) throws(DatasetError) -> [DatasetNote] {
    try examined(threads: threads, isHashing: false, watch).notes
  }

  /// What `verifyReadable` says, and what it found out on the way: each file is read once for both.
  ///
  /// - Parameters:
  ///   - isHashing: whether every file's content is hashed as well; without it only where sizes are equal.
  ///   - known: hashes by `Sample.index` that somebody has computed already.
  ///   - formats: the formats that are read.
  /// - Returns: SHA-256 of the content by `Sample.index`, of all files where they are hashed.
  package func examined(
    threads: Int, isHashing: Bool, known: [Int: String] = [:], formats: ImageFormats = .standard,
    _ watch: ReadingWatch = { _, _ in false }
  ) throws(DatasetError) -> (notes: [DatasetNote], hashes: [Int: String]) {
    let (results, first) = try facts(
      threads: threads, isHashing: isHashing, known: known, formats: formats, watch)
    var facts: [ImageFacts] = []
    var failures: [DatasetError] = []
    for result in results {
      switch result {
      case .success(let fact): facts.append(fact)
      case .failure(let error): failures.append(error)
      }
    }
    let summary = "\(failures.count) of \(samples.count) images cannot be read"
    if let error = DatasetError.joined(failures, summary) { throw error }
    var hashes = known
    for (sample, fact) in zip(samples, facts) {
      if let hash = fact.sha256 { hashes[sample.index] = hash }
    }
    if isHashing {
      for (sample, position) in zip(samples, first) where hashes[sample.index] == nil {
        hashes[sample.index] = hashes[samples[position].index]
      }
    }
    let remarks =
      ImageFacts.remarks(on: facts)
      + (try remarksOnEqualFiles(
        byteCounts: facts.map(\.byteCount), known: hashes, threads: threads,
        { _, _ in watch(samples.count, samples.count) }))
    return (remarks, hashes)
  }

  /// Decodes every image once, and tells those that can be read from the others.
  func readability(threads: Int, _ watch: ReadingWatch) throws(DatasetError)
    -> (readable: [Sample], failures: [DatasetError], notes: [DatasetNote])
  {
    let (results, _) = try facts(
      threads: threads, isHashing: false, known: [:], formats: .standard, watch)
    var readable: [Sample] = []
    var facts: [ImageFacts] = []
    var failures: [DatasetError] = []
    for (sample, result) in zip(samples, results) {
      switch result {
      case .success(let fact):
        readable.append(sample)
        facts.append(fact)
      case .failure(let error): failures.append(error)
      }
    }
    return (readable, failures, ImageFacts.remarks(on: facts))
  }

  /// What is kept of every image, or why it cannot be read, and for each image the first one of the same file.
  private func facts(
    threads: Int, isHashing: Bool, known: [Int: String], formats: ImageFormats, _ watch: ReadingWatch
  ) throws(DatasetError) -> (results: [Result<ImageFacts, DatasetError>], first: [Int]) {
    let samples = samples
    // A file is hashed once for all of its images.
    let first = samples.firstOfFile
    let results = try concurrentMap(count: samples.count, threads: threads, watch) { position in
      Result { () throws(DatasetError) in
        let sample = samples[position]
        return try ImageFacts(
          reading: sample, by: formats,
          isHashing: isHashing && known[sample.index] == nil && first[position] == position)
      }
    }
    return (results, first)
  }
}

/// What is kept of an image that was decoded to see whether it can be.
private struct ImageFacts {
  /// Size of the file.
  let byteCount: Int
  /// The largest value, 0 … 65535, of an image of 16 bits; nil for others.
  let peak: Int?
  /// SHA-256 of the file's content in hexadecimal; nil where it was not wanted.
  let sha256: String?

  init(reading sample: Sample, by formats: ImageFormats, isHashing: Bool) throws(DatasetError) {
    let (image, byteCount, sha256) = try ImageFile.measured(sample, by: formats, isHashing: isHashing)
    if let mask = sample.mask, mask.width != image.width || mask.height != image.height {
      let name = mask.files.first.map { "'\($0.name)'" } ?? "the mask"
      throw .badImage(
        sample,
        "the image is \(image.width)×\(image.height) pixels, its mask \(name) \(mask.width)×\(mask.height)",
        hint: "a mask has the size of its image: write it anew, or remove both")
    }
    (self.byteCount, self.sha256) = (byteCount, sha256)
    if case .floats(let values) = image.samples, !formats.hasIntensities(sample.path) {
      peak = Int((values.reduce(0, max) * 65535).rounded())
    } else {
      peak = nil
    }
  }

  /// A warning where all 16-bit images together leave their upper three bits empty.
  static func remarks(on facts: [ImageFacts]) -> [DatasetNote] {
    let peaks = facts.compactMap(\.peak)
    guard let largest = peaks.max(), largest <= 65535 / 8 else { return [] }
    let images = DatasetNote.counted(peaks.count, "16-bit image")
    let verbs = peaks.count == 1 ? ("uses", "reaches") : ("use", "reach")
    guard largest > 0 else { return [DatasetNote(.warning, "\(images) without any value above 0")] }
    let share = Double(largest) / 655.35
    let text = share < 1 ? "less than 1" : "\(Int(share.rounded()))"
    let bits = Int.bitWidth - largest.leadingZeroBitCount
    return [
      DatasetNote(
        .warning,
        "\(images) \(verbs.0) \(text) % of the range (at most \(largest) of 65535, \(bits) bits of 16) and \(verbs.1) the network "
          + "nearly black; multiply the values by \(65535 / largest) when writing the files")
    ]
  }
}
