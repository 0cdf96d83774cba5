import Tensors

/// What a list of images is, file by file: to tell whether another run sees the same.
public struct DataFingerprint: Sendable, Equatable {
  /// One image.
  public struct Record: Sendable, Equatable {
    /// The file, relative to the root of the data where it lies in it; a frame of it as `scan.dcm#12`.
    public let file: String
    /// SHA-256 of its content in hexadecimal.
    public let sha256: String
    /// Its part: train, validation, test, or unused; empty where no image has one.
    public let part: String
    /// The name of its class; of an image with a mask with a digest of the mask's files behind it.
    public let className: String
    /// Its group; empty for none.
    public let group: String

    /// A record, as it was saved.
    public init(file: String, sha256: String, part: String, className: String, group: String) {
      (self.file, self.sha256, self.part, self.className, self.group) = (file, sha256, part, className, group)
    }

    fileprivate func isAssigned(like other: Record) -> Bool {
      part == other.part && className == other.className && group == other.group
    }
  }

  /// The images in the order of their source.
  public let records: [Record]

  /// A fingerprint of saved records.
  public init(_ records: [Record]) { self.records = records }

  /// SHA-256 over all records in their order, in hexadecimal.
  public var digest: String {
    var hash = SHA256()
    for record in records {
      let fields = [record.file, record.sha256, record.part, record.className, record.group]
      // Neither names of files nor texts of tables hold a zero byte, so that no two lists give the same bytes.
      hash.update(fields.flatMap { Array($0.utf8) + [0] })
    }
    return hash.finish()
  }

  /// How this list differs from an earlier one, in one line with up to three files of each kind; nil where it does not.
  public func difference(from earlier: DataFingerprint) -> String? {
    guard self != earlier else { return nil }
    let now = Dictionary(records.map { ($0.file, $0) }) { first, _ in first }
    let before = Set(earlier.records.map(\.file))
    let isNew = records.map { !before.contains($0.file) }
    // From the last to the first, so that `popLast` gives them in order.
    var newFiles: [String: [String]] = [:]
    for (record, isNew) in zip(records, isNew).reversed() where isNew {
      newFiles[record.sha256, default: []].append(record.file)
    }
    var (removed, moved, changed): ([String], [String], [String]) = ([], [], [])
    for old in earlier.records {
      if let new = now[old.file] {
        if new.sha256 != old.sha256 {
          changed.append("'\(old.file)'")
        } else if !new.isAssigned(like: old) {
          moved.append("'\(old.file)' (\(old.part), '\(old.className)' → \(new.part), '\(new.className)')")
        }
      } else if let file = newFiles[old.sha256]?.popLast() {
        moved.append("'\(old.file)' → '\(file)'")
      } else {
        removed.append("'\(old.file)'")
      }
    }
    let unmatched = Set(newFiles.values.flatMap(\.self))
    let added = records.map(\.file).filter(unmatched.contains).map { "'\($0)'" }
    let kinds = [(added, "added"), (removed, "removed"), (moved, "moved"), (changed, "changed")]
    let texts = kinds.filter { !$0.0.isEmpty }.map { files, verb in
      "\(DatasetNote.counted(files.count, "image")) \(verb): \(DatasetNote.list(files))"
    }
    return texts.isEmpty ? "the images are in another order" : texts.joined(separator: "; ")
  }
}

extension LabelledImages {
  /// The fingerprint of these images, in the order of their source; reads every file once whose hash is not known.
  ///
  /// - Parameters:
  ///   - root: the folder or table's folder that file names are relative to.
  ///   - known: SHA-256 of the content by `Sample.index`, of files that were read already.
  ///   - threads: how many files are read at a time.
  ///   - watch: is told of how many images the files are read.
  /// - Throws: an error that names all files that cannot be read.
  public func fingerprint(
    relativeTo root: String, known: [Int: String] = [:], threads: Int,
    _ watch: ReadingWatch = { _, _ in false }
  ) throws(DatasetError) -> DataFingerprint {
    let hasSplit = hasSplit
    let sorted = samples.sorted { $0.index < $1.index }
    // A file is read once for all of its images.
    let first = sorted.firstOfFile
    let read = try concurrentMap(count: sorted.count, threads: threads, watch) {
      position -> Result<(image: String?, mask: String), MemoryMapError> in
      let sample = sorted[position]
      return Result { () throws(MemoryMapError) in
        let mask = try sample.mask?.digest ?? ""
        var hash = known[sample.index]
        if hash == nil, first[position] == position { hash = try SHA256.hexadecimal(mapping: sample.path) }
        return (image: hash, mask: mask)
      }
    }
    var records: [DataFingerprint.Record] = []
    var failures: [DatasetError] = []
    for (position, sample) in sorted.enumerated() {
      switch read[position] {
      case .success(let (hash, mask)):
        let ofFile = hash ?? (try? read[first[position]].get())?.image
        records.append(
          DataFingerprint.Record(
            file: relativeName(of: sample, to: root), sha256: ofFile ?? "",
            part: partName(of: sample, where: hasSplit), className: classes[sample.label] + mask,
            group: sample.group ?? ""))
      case .failure(let error): failures.append(.missing(error.path, error.reason))
      }
    }
    let summary = "\(failures.count) of \(samples.count) images cannot be read"
    if let error = DatasetError.joined(failures, summary) { throw error }
    return DataFingerprint(records)
  }
}

extension MaskFiles {
  /// What stands behind a class's name for these files: a digest of their content and of the classes that they stand for.
  fileprivate var digest: String {
    get throws(MemoryMapError) {
      var hash = SHA256()
      for file in files {
        let text = try SHA256.hexadecimal(mapping: file.path)
        hash.update(Array("\(text)#\(file.frame ?? 0)#\(file.label ?? -1);".utf8))
      }
      return " (mask \(hash.finish().prefix(16)))"
    }
  }
}
