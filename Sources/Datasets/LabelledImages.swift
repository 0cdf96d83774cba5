/// The part of a data set that an image belongs to.
public enum Split: String, Sendable, CaseIterable {
  /// Images that train; fractions and folds are drawn from them.
  case train
  /// Images taken from the train part that choose an epoch.
  case validation
  /// Images that only measure.
  case test
}

/// One image with its class or its mask: a file, or a frame of one.
public struct Sample: Sendable, Equatable {
  /// The image file.
  public let path: String
  /// Which image of a file that holds several, from 0; nil where the file is one image.
  public let frame: Int?
  /// How the image is made of the file.
  public let reading: ImageReading
  /// Index of the class; of an image with a mask that of the set of classes in it.
  public internal(set) var label: Int
  /// The files of its mask, nil where its class is all that is known of it.
  public internal(set) var mask: MaskFiles?
  /// The part it belongs to, nil where the source names none.
  public var split: Split?
  /// What must stay in one part with others of its kind, such as a patient; nil stands alone.
  public let group: String?
  /// Distance of the image's pixels where the file says it.
  public internal(set) var spacing: PixelSpacing?
  /// Position in the whole data set, kept by every selection: the key of everything random about this image.
  public let index: Int

  /// An image with its class.
  public init(
    path: String, frame: Int? = nil, reading: ImageReading = ImageReading(), label: Int, split: Split? = nil,
    group: String? = nil, index: Int
  ) {
    (self.path, self.frame, self.reading, self.label) = (path, frame, reading, label)
    (self.split, self.group, self.index) = (split, group, index)
  }
}

/// Images with classes.
public struct LabelledImages: Sendable, Equatable {
  /// The class names by index; the number itself where a manifest gives nothing else.
  ///
  /// Of images with masks the sets of classes that occur together.
  public let classes: [String]
  /// Whether labels are the model's own class numbers, as a manifest with `class_index` gives them, rather than positions in
  /// the sorted names.
  public let isNumbered: Bool
  /// The images in the order of their source.
  public var samples: [Sample]
  /// Files and folders that were passed over, relative to the folder that was read.
  public var ignored: [String] = []
  /// What a user should know about how the source was read; selections have none.
  public var notes: [DatasetNote] = []
  /// Whether values of some file become grey levels as `Sample.reading` says; selections say no.
  public internal(set) var hasIntensities = false
  /// What the masks tell apart, nil for images with a class each.
  public internal(set) var masks: MaskLabels?

  /// A data set; labels must index `classes`.
  package init(classes: [String], samples: [Sample], ignored: [String] = [], isNumbered: Bool = false) {
    precondition(
      samples.allSatisfy { classes.indices.contains($0.label) }, "a label lies outside the classes")
    (self.classes, self.samples, self.ignored) = (classes, samples, ignored)
    self.isNumbered = isNumbered
  }

  /// Whether the source says which images train and which test.
  public var hasSplit: Bool { samples.contains { $0.split != nil } }

  /// The images of one part.
  public func part(_ split: Split) -> LabelledImages { selecting { $0.split == split } }

  /// The images that satisfy a condition, with the same classes.
  package func selecting(_ condition: (Sample) -> Bool) -> LabelledImages {
    holding(samples.filter(condition))
  }

  /// Some of these images, or changed ones, with the same classes.
  package func holding(_ samples: [Sample]) -> LabelledImages {
    var result = LabelledImages(classes: classes, samples: samples, isNumbered: isNumbered)
    result.masks = masks
    return result
  }

  /// These images in the parts that selections of them give; images in no selection have none.
  package func withParts(of selections: [LabelledImages]) -> LabelledImages {
    var splits: [Int: Split] = [:]
    for sample in selections.flatMap(\.samples) { splits[sample.index] = sample.split }
    var result = self
    for position in result.samples.indices {
      result.samples[position].split = splits[samples[position].index]
    }
    return result
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
    var result = LabelledImages(classes: classes, samples: samples, ignored: ignored)
    result.notes = notes
    return result
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

  /// Refuses images of a single class: a model would be right about all of them without learning anything.
  ///
  /// - Parameter source: the folder or file to name in the error.
  public func requireSeveralClasses(source: String) throws(DatasetError) {
    guard classes.count == 1 else { return }
    throw .badFile(
      source, "one class ('\(classes[0])'), nothing to tell apart",
      hint: folderOfFolders.map { "give '\($0)' if its folders are the classes" })
  }

  /// The innermost folder above all images, where they lie in several folders below it.
  private var folderOfFolders: String? {
    let folders = samples.map { $0.path.split(separator: "/", omittingEmptySubsequences: false).dropLast() }
    guard var common = folders.first else { return nil }
    for folder in folders { common = common.prefix(zip(common, folder).prefix { $0.0 == $0.1 }.count) }
    guard folders.contains(where: { $0.count > common.count }) else { return nil }
    return common.isEmpty ? nil : common.joined(separator: "/")
  }

  /// Refuses labels that a model with this many outputs cannot give.
  public func requireLabels(below count: Int, source: String) throws(DatasetError) {
    guard let sample = samples.first(where: { $0.label >= count }) else { return }
    throw .badFile(
      source,
      "label \(sample.label) of \(sample.quoted) is outside the model's \(count) classes (0 … \(count - 1))",
      hint: "check that the labels belong to this model")
  }
}
