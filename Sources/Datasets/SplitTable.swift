import Glibc

extension LabelledImages {
  /// The table `file,part,class,group` of these images in the order of their source, as `CSVManifest.read` takes it; of images with
  /// masks `file,part,class,group,mask,mask_class`, with a row per mask.
  ///
  /// Images without a part are `unused` where others have one. A frame stands as `scan.dcm#12`. Text in quotes as RFC 4180 says.
  /// - Parameter root: the folder that file names are relative to where they lie in it; others are absolute.
  public func splitTable(relativeTo root: String) -> String {
    splitTable { relativeName(of: $0, to: root) }
  }

  /// A mask file as a sample, to name it as images are named.
  private static func sample(of mask: MaskFile) -> Sample {
    Sample(path: mask.path, frame: mask.frame, label: 0, index: 0)
  }

  /// The same table with names of the caller's.
  package func splitTable(naming name: (Sample) -> String) -> String {
    let hasSplit = hasSplit
    let header = ["file", "part", "class", "group"] + (masks == nil ? [] : ["mask", "mask_class"])
    let rows = samples.sorted { $0.index < $1.index }.flatMap { sample in
      let fields = [
        name(sample), partName(of: sample, where: hasSplit), classes[sample.label], sample.group ?? "",
      ]
      guard let masks else { return [fields] }
      return (sample.mask?.files ?? []).map { file in
        fields + [
          name(Self.sample(of: file)), file.label.map { masks.classes.names[$0] } ?? "",
        ]
      }
    }
    return CSVTable.text([header] + rows)
  }

  /// The folder that file names of a data set are relative to: the data set itself, or the folder of a table.
  package static func root(ofData path: String) -> String {
    CSVManifest.isTable(path) ? CSVManifest.folder(of: path) : path
  }

  /// The word for the part of an image: `unused` where it has none and others do.
  func partName(of sample: Sample, where hasSplit: Bool) -> String {
    sample.split?.rawValue ?? (hasSplit ? Split.unusedName : "")
  }

  /// The name of an image relative to a folder, or an absolute one where it does not lie in it.
  func relativeName(of sample: Sample, to root: String) -> String {
    relativePath(of: sample, to: root) + sample.suffix
  }

  private func relativePath(of sample: Sample, to root: String) -> String {
    var folder = Substring(root)
    while folder.last == "/" { folder = folder.dropLast() }
    let path = sample.path
    if root.isEmpty, !path.hasPrefix("/") { return path }
    let prefix = folder + "/"
    if !root.isEmpty, path.utf8.starts(with: prefix.utf8) {
      let rest = path.utf8.dropFirst(prefix.utf8.count).drop { $0 == UInt8(ascii: "/") }
      if let relative = String(rest) { return relative }
    }
    guard !path.hasPrefix("/"), let current = LabelledImages.currentFolder else { return path }
    return current + "/" + path
  }

  private static var currentFolder: String? {
    guard let name = unsafe getcwd(nil, 0) else { return nil }
    defer { unsafe free(name) }
    return unsafe String(cString: name)
  }
}
