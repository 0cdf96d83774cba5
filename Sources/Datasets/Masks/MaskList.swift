import Tensors

/// Images with the files of their masks, from which masks are read and classes found out.
struct MaskList {
  /// A mask as it was listed.
  struct Entry {
    let path: String
    var frame: Int?
    /// Name of the class that everything but 0 stands for; nil where values are classes.
    var className: String?
    /// The size of a segmentation that found nothing in the image; nil for masks that are read.
    var emptySize: (width: Int, height: Int)?
  }

  /// An image as it was listed.
  struct Item {
    let path: String
    var frame: Int?
    var masks: [Entry]
    var split: Split?
    var group: String?
    var spacing: PixelSpacing?
  }

  /// The folder or table, as errors name it.
  let source: String
  /// How images are made of DICOM and NIfTI files.
  let reading: ImageReading
  /// The images in their order.
  var items: [Item] = []
  /// What segmentations call the classes of their values.
  var segmentNames: [Int: String] = [:]

  init(source: String, _ reading: ImageReading) { (self.source, self.reading) = (source, reading) }

  /// How masks are made of volumes: a mask has one volume, whichever the image is of.
  private var maskReading: ImageReading { ImageReading(axis: reading.axis) }

  /// What the classes are to be.
  enum Wanted {
    /// Whatever the masks hold.
    case found
    /// What the user says.
    case given(MaskClasses)
    /// What a model tells apart: masks of a background and one other class may use another value for that one.
    case model(MaskClasses)

    var classes: MaskClasses? {
      switch self {
      case .found: nil
      case .given(let classes), .model(let classes): classes
      }
    }
  }

  /// What a mask file was found to hold.
  private struct Facts {
    let width: Int
    let height: Int
    let counts: [Int: Int]
  }

  /// Reads every mask once and finds out the classes.
  ///
  /// - Parameter watch: is told of how many images the masks are read.
  /// - Throws: one error for all masks that cannot be read; for masks of one image that differ in size; for values that mean nothing;
  ///   where classes cannot be told.
  func images(_ wanted: Wanted, threads: Int, _ watch: ReadingWatch) throws(DatasetError) -> LabelledImages {
    let facts = try read(threads: threads, watch)
    try requireEqualSizes(facts)
    let named = items.flatMap(\.masks).contains { $0.className != nil }
    let classes = named ? try namedClasses(wanted) : try classes(wanted, facts)
    if !named { try requireKnownValues(classes, facts) }
    var samples: [Sample] = []
    var strata: [[Int]] = []
    var positions: [[Int]: Int] = [:]
    for (index, item) in items.enumerated() {
      var present: Set<Int> = []
      let files = try item.masks.enumerated().map { number, entry throws(DatasetError) in
        let label = try entry.className.map { name throws(DatasetError) in
          try Self.label(of: name, in: classes, entry.path)
        }
        let held = facts[index][number].counts.keys
        if let label {
          if held.contains(where: { $0 != 0 }) { present.insert(label) }
        } else {
          present.formUnion(held.compactMap { value in classes.values.firstIndex(of: value) })
        }
        return MaskFile(
          path: entry.path, frame: entry.frame, reading: maskReading, label: label,
          isEmpty: entry.emptySize != nil)
      }
      if let background = classes.background { present.remove(background) }
      let stratum = present.sorted()
      if positions[stratum] == nil {
        positions[stratum] = strata.count
        strata.append(stratum)
      }
      var sample = Sample(
        path: item.path, frame: item.frame, reading: reading, label: positions[stratum] ?? 0,
        split: item.split, group: item.group, index: index)
      sample.spacing = item.spacing
      let first = facts[index][0]
      sample.mask = MaskFiles(files, width: first.width, height: first.height)
      samples.append(sample)
    }
    return try finished(samples, strata, classes, threads: threads, watch)
  }

  /// The images with strata in the order of their classes, and remarks on masks that overlap.
  private func finished(
    _ samples: [Sample], _ strata: [[Int]], _ classes: MaskClasses, threads: Int, _ watch: ReadingWatch
  ) throws(DatasetError) -> LabelledImages {
    let order = strata.indices.sorted { strata[$0].lexicographicallyPrecedes(strata[$1]) }
    var places = [Int](repeating: 0, count: strata.count)
    for (place, stratum) in order.enumerated() { places[stratum] = place }
    let names = order.map { stratum in
      strata[stratum].isEmpty
        ? classes.background.map { classes.names[$0] } ?? "nothing"
        : strata[stratum].map { classes.names[$0] }.joined(separator: " + ")
    }
    var images = LabelledImages(
      classes: names,
      samples: samples.map { sample in
        var sample = sample
        sample.label = places[sample.label]
        return sample
      })
    images.masks = MaskLabels(classes: classes, strata: order.map { strata[$0] })
    if let note = try remarkOnOverlaps(samples, classes, threads: threads, watch) {
      images.notes.append(note)
    }
    let blurred = items.flatMap(\.masks).filter { entry in
      FileKind.endings(of: entry.path).contains(where: JPEGFormat().extensions.contains)
    }
    if !blurred.isEmpty {
      let count = DatasetNote.counted(blurred.count, "mask is", "masks are")
      images.notes.append(
        DatasetNote(.note, "\(count) JPEG, which blurs values: what is 128 or brighter is foreground"))
    }
    return images
  }

  /// What every mask holds, image by image.
  private func read(threads: Int, _ watch: ReadingWatch) throws(DatasetError) -> [[Facts]] {
    let (items, reading) = (items, maskReading)
    let results = try concurrentMap(count: items.count, threads: threads, watch) { position in
      items[position].masks.map { entry in
        Result { () throws(DatasetError) in
          if let (width, height) = entry.emptySize {
            return Facts(width: width, height: height, counts: [0: width * height])
          }
          let stored = try MaskFile(path: entry.path, frame: entry.frame, reading: reading).values()
          return Facts(width: stored.width, height: stored.height, counts: stored.counts)
        }
      }
    }
    var failures: [DatasetError] = []
    for case .failure(let error) in results.joined() { failures.append(error) }
    guard failures.isEmpty else { throw try unreadable(failures, threads: threads, watch) }
    return results.map { row in row.compactMap { try? $0.get() } }
  }

  /// One error for masks and images that cannot be read: images are read later, but whoever repairs files wants to know them all.
  private func unreadable(_ masks: [DatasetError], threads: Int, _ watch: ReadingWatch) throws(DatasetError)
    -> DatasetError
  {
    let samples = items.enumerated().map { index, item in
      Sample(path: item.path, frame: item.frame, reading: reading, label: 0, index: index)
    }
    let images = try LabelledImages(classes: [""], samples: samples)
      .readability(threads: threads) { _, _ in watch(items.count, items.count) }.failures
    let count = items.reduce(0) { $0 + $1.masks.count }
    let text =
      images.isEmpty
      ? "\(masks.count) of \(count) masks cannot be read"
      : "\(images.count) of \(items.count) images and \(masks.count) of \(count) masks cannot be read"
    return DatasetError.joined(images + masks, text) ?? masks[0]
  }

  private func requireEqualSizes(_ facts: [[Facts]]) throws(DatasetError) {
    var failures: [DatasetError] = []
    for (item, facts) in zip(items, facts) {
      let first = facts[0]
      for (mask, fact) in zip(item.masks, facts)
      where fact.width != first.width || fact.height != first.height {
        failures.append(
          .badFile(
            mask.path,
            "the mask is \(fact.width)×\(fact.height) pixels, '\(item.masks[0].path)' of the same image "
              + "\(first.width)×\(first.height)"))
      }
    }
    let summary = "\(failures.count) masks differ in size from others"
    let hint = "all masks of an image have its size: write them anew, or remove them"
    if let error = DatasetError.joined(failures, summary, hint: hint) { throw error }
  }

  /// The classes of folders: a background and one class for each.
  private func namedClasses(_ wanted: Wanted) throws(DatasetError) -> MaskClasses {
    let masks = items.flatMap(\.masks)
    if let plain = masks.first(where: { $0.className == nil }) {
      throw .badFile(
        plain.path, "the mask belongs to no class, but others are in folders of classes",
        hint: "put every mask into a folder of its class, or none")
    }
    if let classes = wanted.classes { return classes }
    let names = ClassName.distinct(masks.compactMap(\.className))
    guard !names.contains("background") else {
      return MaskClasses(names: names, values: Array(names.indices))
    }
    return MaskClasses(names: ["background"] + names, values: Array(0...names.count))
  }

  private static func label(of name: String, in classes: MaskClasses, _ path: String) throws(DatasetError)
    -> Int
  {
    if let exact = classes.names.firstIndex(of: name) { return exact }
    let alike = classes.names.indices.filter { classes.names[$0].lowercased() == name.lowercased() }
    if alike.count == 1 { return alike[0] }
    // The one class beside the background, whatever it is called.
    if classes.names.count == 2, let background = classes.background, name.lowercased() == "foreground" {
      return 1 - background
    }
    throw .badFile(
      path, "class '\(name)' is none of \(classes.text)", hint: "name the classes as in that list")
  }

  /// The classes that values stand for: what is wanted, or what the training masks hold.
  private func classes(_ wanted: Wanted, _ facts: [[Facts]]) throws(DatasetError) -> MaskClasses {
    let isDivided = items.contains { $0.split != nil }
    var all: Set<Int> = []
    var trained: Set<Int> = []
    for (item, facts) in zip(items, facts) {
      let values = facts.flatMap(\.counts.keys)
      all.formUnion(values)
      if !isDivided || item.split == .train { trained.formUnion(values) }
    }
    switch wanted {
    case .given(let classes): return classes
    case .model(let classes): return all.isSubset(of: classes.values) ? classes : classes.taking(found: all)
    case .found:
      let values = trained.isEmpty ? all : trained
      if let classes = MaskClasses(found: values), classes.names.count <= Self.classLimit {
        return classes.named(segmentNames)
      }
      let shown = DatasetNote.list(values.sorted().map(String.init))
      throw DatasetError(
        .badData,
        values.count < 2
          ? "every pixel of the \(isDivided ? "training " : "")masks has the value \(shown): nothing to tell apart"
          : "the masks hold \(values.count) values (\(shown)), more than the \(Self.classLimit) classes that are believed",
        file: source,
        hint: "say what the values mean with --mask-classes NAME=VALUE,…")
    }
  }

  /// Classes that are believed without being named: more values are those of a grey image.
  private static let classLimit = 64

  private func requireKnownValues(_ classes: MaskClasses, _ facts: [[Facts]]) throws(DatasetError) {
    let known = Set(classes.values + (classes.ignored.map { [$0] } ?? []))
    var failures: [DatasetError] = []
    for (item, facts) in zip(items, facts) {
      for (mask, fact) in zip(item.masks, facts) {
        let strange = fact.counts.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
        guard !strange.isEmpty else { continue }
        let values = DatasetNote.list(strange.map { "\($0.key) (\(DatasetNote.counted($0.value, "pixel")))" })
        failures.append(.badFile(mask.path, "values outside the classes \(classes.text): \(values)"))
      }
    }
    let summary = "\(failures.count) masks hold values outside the classes"
    let hint = "name every value with --mask-classes; ignore=VALUE leaves pixels out"
    if let error = DatasetError.joined(failures, summary, hint: hint) { throw error }
  }

  /// A line on pixels that several masks of an image give different classes; nil where there is none.
  private func remarkOnOverlaps(
    _ samples: [Sample], _ classes: MaskClasses, threads: Int, _ watch: ReadingWatch
  ) throws(DatasetError) -> DatasetNote? {
    let several = samples.compactMap(\.mask).filter { $0.files.count > 1 }
    guard !several.isEmpty else { return nil }
    let counts = try concurrentMap(
      count: several.count, threads: threads, { _, _ in watch(items.count, items.count) }
    ) { position in
      (try? several[position].joining(classes))?.overlaps ?? 0
    }
    let pixels = counts.reduce(0, +)
    let images = DatasetNote.counted(several.count, "image has several masks", "images have several masks")
    guard pixels > 0 else { return DatasetNote(.note, "\(images), which are joined") }
    return DatasetNote(
      .note,
      "\(images), which are joined; \(DatasetNote.counted(pixels, "pixel")) in \(DatasetNote.counted(counts.count { $0 > 0 }, "image")) "
        + "are of several classes and count for the last of \(classes.names.joined(separator: ", "))")
  }
}
