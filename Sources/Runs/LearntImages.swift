package import Datasets
package import Graphs

/// The images that a model learnt from: those that trained it, and those that chose its epoch.
///
/// They stand in the model's own metadata, so that a copy of the file knows them too: under `dka.trained_images` and
/// `dka.validation_images` the first 16 hexadecimal digits of the SHA-256 of each image's content (`images.sha256` has all 64), with
/// the frame behind them where a file holds several (`#3`), sorted, a space between them. Where both lists together are longer than
/// `byteLimit` (some 5,800 images) none of them is written; the run folder tells then (`RunSplit`).
package struct LearntImages: Sendable, Equatable {
  /// Metadata key of the images that trained.
  package static let trainedKey = "dka.trained_images"
  /// Metadata key of the images that chose the epoch.
  package static let validationKey = "dka.validation_images"
  /// Most bytes of both lists together.
  static let byteLimit = 100_000

  private let trained: Set<String>
  private let validated: Set<String>

  /// - Parameter images: SHA-256 of the content in hexadecimal, the frame behind it or nothing, and the part.
  package init(_ images: some Sequence<(hash: String, frame: String, part: Split?)>) {
    var (trained, validated): (Set<String>, Set<String>) = ([], [])
    for image in images {
      let digest = Self.digest(image.hash, image.frame)
      if image.part == .train { trained.insert(digest) }
      if image.part == .validation { validated.insert(digest) }
    }
    self.init(trained: trained, validated: validated)
  }

  /// The images of a training.
  ///
  /// - Parameter hashes: SHA-256 by `Sample.index`.
  package init(_ parts: TrainingParts, hashes: [Int: String]) {
    func images(_ part: LabelledImages, _ split: Split) -> [(hash: String, frame: String, part: Split?)] {
      part.samples.compactMap { sample in hashes[sample.index].map { ($0, sample.suffix, split) } }
    }
    self.init(images(parts.train, .train) + images(parts.validation, .validation))
  }

  /// What a model's metadata say; nil where they say nothing.
  package init?(_ metadata: [MetadataEntry]) {
    func digests(_ key: String) -> Set<String>? {
      metadata.first { $0.key == key }.map { Set($0.value.split(separator: " ").map(String.init)) }
    }
    let (trained, validated) = (digests(Self.trainedKey), digests(Self.validationKey))
    guard trained != nil || validated != nil else { return nil }
    self.init(trained: trained ?? [], validated: validated ?? [])
  }

  private init(trained: Set<String>, validated: Set<String>) {
    // An image that did both counts once, by what the model knows it best from.
    (self.trained, self.validated) = (trained, validated.subtracting(trained))
  }

  /// Writes the images into a model's metadata, beside those that the model learnt from before.
  package func describe(_ model: inout ModelDescription) {
    var all = self
    if let earlier = LearntImages(model.metadata) {
      all = LearntImages(
        trained: trained.union(earlier.trained), validated: validated.union(earlier.validated))
    }
    model.metadata.removeAll { [Self.trainedKey, Self.validationKey].contains($0.key) }
    let entries = [(Self.trainedKey, all.trained), (Self.validationKey, all.validated)].map {
      MetadataEntry(key: $0, value: $1.sorted().joined(separator: " "))
    }
    guard entries.reduce(0, { $0 + $1.value.utf8.count }) <= Self.byteLimit else { return }
    model.metadata += entries.filter { !$0.value.isEmpty }
  }

  /// What figures on some images are worth; nil where the model learnt from none of them.
  ///
  /// - Parameter hashes: SHA-256 by `Sample.index`.
  package func remark(onMeasuring images: LabelledImages, hashes: [Int: String]) -> String? {
    let known = images.samples.compactMap { sample in
      hashes[sample.index].map { Self.digest($0, sample.suffix) }
    }
    let kinds = [(trained, "trained the model"), (validated, "chose its epoch")].compactMap { learnt, did in
      let count = known.count { learnt.contains($0) }
      return count == 0 ? nil : "\(count) \(did)"
    }
    guard !kinds.isEmpty else { return nil }
    return "of \(counted(images.samples.count, "image")) measured, \(kinds.joined(separator: " and ")): "
      + "the figures say little about new images"
  }

  private static func digest(_ hash: String, _ frame: String) -> String { hash.prefix(16) + frame }
}
