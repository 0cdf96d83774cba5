extension LabelledImages {
  /// Warnings on what the names of files, classes and groups give away.
  ///
  /// - Parameter root: the folder that file names are shown relative to.
  func remarksOnNames(root: String) -> [DatasetNote] {
    remarksOnMasks(root: root) + remarksOnCapitals + remarksOnGroups
  }

  /// What figures on these images cannot tell.
  ///
  /// - Parameter part: the name of the part, as `test`.
  package func remarksOnMeasuring(_ part: String) -> [DatasetNote] {
    guard !samples.isEmpty else { return [] }
    let counts = counts
    let present = classes.indices.filter { counts[$0] > 0 }
    let absent = classes.indices.filter { counts[$0] == 0 }
    if present.count == 1 {
      let name = classes[present[0]]
      return [DatasetNote(.warning, "all \(part) images are of class '\(name)', so AUROC is undefined")]
    }
    guard !absent.isEmpty else { return [] }
    let names = DatasetNote.examples(absent.map { classes[$0] })
    let text =
      absent.count == 1
      ? "class \(names), which is not measured"
      : "\(absent.count) of \(classes.count) classes (\(names)), which are not measured"
    return [DatasetNote(.note, "no \(part) image of \(text)")]
  }

  /// Masks that train as if they were images: `x_mask.png` beside `x.png`, or anything in a folder `masks`.
  private func remarksOnMasks(root: String) -> [DatasetNote] {
    func stem(_ path: String) -> Substring {
      let start = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
      return path[..<(path[start...].lastIndex(of: ".") ?? path.endIndex)]
    }
    let stems = Set(samples.map { stem($0.path) })
    let masks = samples.filter { sample in
      if let image = LabelledImages.imageStem(ofMask: stem(sample.path)), stems.contains(image) {
        return true
      }
      let folders = relativeName(of: sample, to: root).split(separator: "/").dropLast()
      return folders.contains { $0.lowercased() == "masks" }
    }
    guard !masks.isEmpty else { return [] }
    let names = masks.map { relativeName(of: $0, to: root) }
    return [
      DatasetNote(
        .warning,
        "\(masks.count) of \(samples.count) images are named as masks and are used like images: "
          + DatasetNote.examples(names))
    ]
  }

  /// `x` of `x_mask`, `x_mask_1`, `x-mask2`, `x_segmentation`; nil for other names.
  static func imageStem(ofMask stem: Substring) -> Substring? {
    var rest = stem
    while let last = rest.last, last.isNumber { rest = rest.dropLast() }
    if rest.count < stem.count, let last = rest.last, "_-".contains(last) { rest = rest.dropLast() }
    let lowered = rest.lowercased()
    for ending in ["_mask", "-mask", " mask", "_segmentation"] where lowered.hasSuffix(ending) {
      return rest.dropLast(ending.count)
    }
    return nil
  }

  /// Classes that differ in capitals alone.
  private var remarksOnCapitals: [DatasetNote] {
    var first: [String: String] = [:]
    let pairs = classes.compactMap { name -> String? in
      let key = name.lowercased()
      if let other = first[key] { return "'\(other)' and '\(name)'" }
      first[key] = name
      return nil
    }
    return pairs.isEmpty
      ? [] : [DatasetNote(.warning, "classes differ in capitals alone: \(DatasetNote.list(pairs))")]
  }

  /// Groups and files that a given division tears apart.
  private var remarksOnGroups: [DatasetNote] {
    var first: [Sample.Unit: Split?] = [:]
    var torn: [Sample.Unit] = []
    var known: Set<Sample.Unit> = []
    for sample in samples {
      guard let unit = sample.unit else { continue }
      if let split = first[unit] {
        if split != sample.split, known.insert(unit).inserted { torn.append(unit) }
      } else {
        first[unit] = .some(sample.split)
      }
    }
    func note(_ units: [Sample.Unit], _ noun: String) -> [DatasetNote] {
      guard !units.isEmpty else { return [] }
      let count = DatasetNote.counted(units.count, noun) + (units.count == 1 ? " has" : " have")
      let names = DatasetNote.examples(units.map(\.name))
      return [DatasetNote(.warning, "\(count) images in more than one part: \(names)")]
    }
    return note(torn.filter(\.isGroup), "group") + note(torn.filter { !$0.isGroup }, "file")
  }
}
