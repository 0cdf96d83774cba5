import Datasets
import TensorFiles

/// The images of a run: which file, with which content, is in which part and class.
///
/// Their order counts, as the random numbers of an image are keyed by its position.
struct DataList: Equatable {
  /// One image.
  struct Record: Equatable {
    /// Path within the folder of the data, as their source names it.
    let path: String
    /// `train`, `validation`, `test`, or `unused` where a fraction left it out.
    let part: String
    /// Name of the class, or its index where it has none.
    let className: String
    /// Size of the file in bytes.
    let byteCount: Int
    /// SHA-256 of the file; empty for an image that is not used.
    let digest: String

    /// Everything but the path, which may be written in another way.
    fileprivate var content: [String] { [part, className, "\(byteCount)", digest] }
  }

  /// The images in the order of their source.
  let records: [Record]

  /// Reads every image that a run uses.
  ///
  /// - Parameter isInterrupted: asked between images.
  init(of images: LabelledImages, _ parts: TrainingParts, source: String, isInterrupted: () -> Bool) throws {
    var partNames: [Int: String] = [:]
    for (name, part) in [("train", parts.train), ("validation", parts.validation), ("test", parts.test)] {
      for sample in part.samples { partNames[sample.index] = name }
    }
    let folder =
      Folder.isFolder(source) ? source : source.lastIndex(of: "/").map { String(source[..<$0]) } ?? ""
    let root = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
    records = try images.samples.map { sample in
      guard !isInterrupted() else { throw RunInterrupted() }
      let name = images.classes[sample.label]
      let part = partNames[sample.index]
      return Record(
        path: sample.path.hasPrefix(root) ? String(sample.path.dropFirst(root.count)) : sample.path,
        part: part ?? "unused", className: name.isEmpty ? String(sample.label) : name,
        byteCount: Folder.byteCount(ofFile: sample.path) ?? 0,
        digest: part == nil ? "" : try SHA256.hexadecimal(ofFile: sample.path))
    }
  }

  /// Reads what `bytes` gives; nil for anything else.
  init?(bytes: [UInt8]) {
    var records: [Record] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let fields = (try? JSONValue(parsing: Array(line)))?.array, fields.count == 5,
        let digest = fields[0].string, let byteCount = fields[1].integer, let part = fields[2].string,
        let className = fields[3].string, let path = fields[4].string
      else { return nil }
      records.append(
        Record(path: path, part: part, className: className, byteCount: byteCount, digest: digest))
    }
    self.records = records
  }

  /// A line per image.
  var bytes: [UInt8] {
    records.flatMap { record in
      let fields: JSONValue = [
        .string(record.digest), .integer(record.byteCount), .string(record.part), .string(record.className),
        .string(record.path),
      ]
      return Array((fields.text(indented: false) + "\n").utf8)
    }
  }

  /// Number of images per part.
  var counts: JSONObject {
    var counts = JSONObject()
    for part in ["train", "validation", "test", "unused"] {
      counts[part] = .integer(records.count { $0.part == part })
    }
    return counts
  }

  /// What distinguishes these images from an earlier list, naming up to three of each kind; nil where nothing does.
  func difference(from earlier: DataList) -> String? {
    guard records.map(\.content) != earlier.records.map(\.content) else { return nil }
    let before = Dictionary(earlier.records.map { ($0.path, $0) }) { first, _ in first }
    let now = Dictionary(records.map { ($0.path, $0) }) { first, _ in first }
    let changed = records.compactMap { record -> String? in
      guard let old = before[record.path], old != record else { return nil }
      if old.part != record.part { return "'\(record.path)' (\(old.part) before, now \(record.part))" }
      if old.className != record.className {
        return "'\(record.path)' (\(old.className) before, now \(record.className))"
      }
      return "'\(record.path)' (another content)"
    }
    let kinds = [
      ("added", records.filter { before[$0.path] == nil }.map { "'\($0.path)'" }),
      ("removed", earlier.records.filter { now[$0.path] == nil }.map { "'\($0.path)'" }),
      ("changed", changed),
    ]
    let found = kinds.filter { !$0.1.isEmpty }.map { kind, names in
      let more = names.count > 3 ? " and \(names.count - 3) more" : ""
      return "\(names.count) \(kind): \(names.prefix(3).joined(separator: ", "))\(more)"
    }
    return found.isEmpty ? "they come in another order" : found.joined(separator: "; ")
  }
}
