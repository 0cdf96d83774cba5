/// The part of a data set that an image belongs to.
public enum Split: String, Sendable, CaseIterable {
  /// Images that train; fractions and folds are drawn from them.
  case train
  /// Images taken from the train part that choose an epoch.
  case validation
  /// Images that only measure.
  case test
}

/// One image file with its class.
public struct Sample: Sendable, Equatable {
  /// The image file.
  public let path: String
  /// Index of the class.
  public internal(set) var label: Int
  /// The part it belongs to, nil where the source names none.
  public var split: Split?
  /// Position in the whole data set, kept by every selection: the key of everything random about this image.
  public let index: Int

  /// An image file with its class.
  public init(path: String, label: Int, split: Split? = nil, index: Int) {
    (self.path, self.label, self.split, self.index) = (path, label, split, index)
  }
}

/// Images with classes.
public struct LabelledImages: Sendable, Equatable {
  /// The class names by index; empty names where a manifest gives numbers only.
  public let classes: [String]
  /// The images in the order of their source.
  public var samples: [Sample]
  /// Files that were passed over, because their names are not those of images.
  public var ignored: [String] = []
  /// Whether labels are a model's own class numbers rather than positions among names.
  public internal(set) var labelsAreIndices = false

  /// A data set; labels must index `classes`.
  package init(classes: [String], samples: [Sample], ignored: [String] = []) {
    precondition(
      samples.allSatisfy { classes.indices.contains($0.label) }, "a label lies outside the classes")
    (self.classes, self.samples, self.ignored) = (classes, samples, ignored)
  }

  /// Whether the source says which images train and which test.
  public var hasSplit: Bool { samples.contains { $0.split != nil } }

  /// The images of one part.
  public func part(_ split: Split) -> LabelledImages { selecting { $0.split == split } }

  /// The images that satisfy a condition, with the same classes.
  package func selecting(_ condition: (Sample) -> Bool) -> LabelledImages {
    LabelledImages(classes: classes, samples: samples.filter(condition))
  }

  /// The same images under other classes.
  ///
  /// - Parameters:
  ///   - classes: the other class names.
  ///   - label: index among them for each of the present labels.
  package func relabelled(as classes: [String], label: (Int) -> Int) -> LabelledImages {
    let samples = samples.map { sample in
      var sample = sample
      sample.label = label(sample.label)
      return sample
    }
    return LabelledImages(classes: classes, samples: samples, ignored: ignored)
  }

  /// Number of images per class.
  public var counts: [Int] {
    var counts = [Int](repeating: 0, count: classes.count)
    for sample in samples { counts[sample.label] += 1 }
    return counts
  }

  /// Refuses a class without any image: nothing could be learnt or measured about it.
  ///
  /// - Parameter source: the folder or file to name in the error.
  public func requireImagesInEveryClass(source: String) throws(DatasetError) {
    let empty = zip(classes, counts).filter { $0.1 == 0 }.map { "'\($0.0)'" }
    guard !empty.isEmpty else { return }
    throw .badFile(
      source, "no image of \(empty.count == 1 ? "class" : "classes") \(empty.joined(separator: ", "))",
      hint: "add images or remove the empty class")
  }

  /// Refuses labels that a model with this many outputs cannot give.
  public func requireLabels(below count: Int, source: String) throws(DatasetError) {
    guard let sample = samples.first(where: { $0.label >= count }) else { return }
    throw .badFile(
      source,
      "label \(sample.label) of '\(sample.path)' is outside the model's \(count) classes (0 … \(count - 1))",
      hint: "check that the labels belong to this model")
  }
}
