package import Datasets
import TensorFiles
import Tensors

/// Which images of a run trained, which chose its epoch and which tested it.
///
/// Two files of the run folder: `split.csv` (`file,part,class,group`, names relative to the folder, as `--data` reads it) and
/// `images.sha256`, which `sha256sum -c` reads. Beside an exported model they tell which images it may be measured on.
package struct RunSplit: Sendable {
  static let tableName = "split.csv"
  static let hashesName = "images.sha256"

  /// The part of each image by its content's SHA-256, with the frame behind it where a file holds several; nil for one that a
  /// fraction left out.
  ///
  /// Of equal files in several parts the one counts that the model knows best.
  private let parts: [String: Split?]
  /// SHA-256 and file name of every image.
  private let names: Set<String>

  /// Writes the files of a run.
  ///
  /// - Parameter images: all images of the data set with the parts that they were dealt to, and their fingerprint.
  package static func write(
    _ images: LabelledImages, _ fingerprint: DataFingerprint, into folder: String
  ) throws {
    let table = images.splitTable { RelativePath.from(folder, to: $0.path) + $0.suffix }
    try AtomicWrite.file(at: "\(folder)/\(tableName)", bytes: Array(table.utf8))
    let samples = images.samples.sorted { $0.index < $1.index }
    var lines: [String] = []
    var known: Set<String> = []
    for (sample, record) in zip(samples, fingerprint.records) {
      let line = Self.line(record.sha256, RelativePath.from(folder, to: sample.path))
      // The frames of a file are one line.
      guard known.insert(line).inserted || sample.frame == nil else { continue }
      lines.append(line)
    }
    try AtomicWrite.file(at: "\(folder)/\(hashesName)", bytes: Array(lines.joined().utf8))
  }

  /// The split of the run that a model file was exported by; nil where the model lies in no run folder.
  package init?(besideModel path: String) throws {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let (table, hashes) = ("\(folder)/\(Self.tableName)", "\(folder)/\(Self.hashesName)")
    guard Folder.exists(table), Folder.exists(hashes) else { return nil }
    let rows = try CSVManifest.parts(inTable: table)
    let files = try Self.hashes(in: hashes)
    let hashByName = Dictionary(files.map { ($0.name, $0.hash) }) { first, _ in first }
    var parts: [String: Split?] = [:]
    for (name, part) in rows {
      let named = hashByName[name] == nil ? Sample.frame(in: name) : nil
      guard let hash = hashByName[named?.file ?? name] else { continue }
      let key = hash + (named.map { "#\($0.frame)" } ?? "")
      if let known = parts[key], Self.rank(known) <= Self.rank(part) { continue }
      parts[key] = .some(part)
    }
    let names = Set(files.map { Self.key($0.hash, $0.name) })
    (self.parts, self.names) = (parts, names)
  }

  /// Gives images without parts those of the run, where all of them are images of the run by name and content.
  ///
  /// - Parameter hashes: SHA-256 by `Sample.index`.
  /// - Returns: nil where an image is none of the run's, or where the images have parts of their own.
  package func dealing(_ images: LabelledImages, hashes: [Int: String]) -> LabelledImages? {
    guard !images.hasSplit else { return nil }
    var dealt = images
    for (position, sample) in images.samples.enumerated() {
      guard let hash = hashes[sample.index], names.contains(Self.key(hash, sample.path)) else { return nil }
      dealt.samples[position].split = parts[hash + sample.suffix] ?? nil
    }
    return dealt
  }

  /// The images that the run's model learnt from.
  package var learnt: LearntImages {
    LearntImages(
      parts.map { key, part in
        let end = key.firstIndex(of: "#") ?? key.endIndex
        return (hash: String(key[..<end]), frame: String(key[end...]), part: part)
      })
  }

  /// SHA-256 of the content of images by `Sample.index`.
  package static func hashes(
    of images: LabelledImages, threads: Int, isInterrupted: () -> Bool
  ) throws -> [Int: String] {
    let indices = images.samples.map(\.index).sorted()
    let records = try RunInterrupted.translating {
      try images.fingerprint(relativeTo: "", threads: threads) { _, _ in isInterrupted() }.records
    }
    return Dictionary(uniqueKeysWithValues: zip(indices, records.map(\.sha256)))
  }

  private static func key(_ hash: String, _ path: String) -> String {
    hash + "/" + (path.split(separator: "/").last.map(String.init) ?? path)
  }

  private static func rank(_ part: Split?) -> Int {
    switch part {
    case .train: 0
    case .validation: 1
    case .test: 2
    case nil: 3
    }
  }

  /// A line as sha256sum writes it: names with line ends or backslashes are escaped, which a backslash in front tells.
  private static func line(_ hash: String, _ name: String) -> String {
    let escaped = name.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\r", with: "\\r")
    return "\(escaped == name ? "" : "\\")\(hash)  \(escaped)\n"
  }

  private static func hashes(in path: String) throws -> [(hash: String, name: String)] {
    let bytes = try Tensor(mapping: path).elements(of: UInt8.self)
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let isEscaped = line.first == UInt8(ascii: "\\")
      let text = String(decoding: isEscaped ? line.dropFirst() : line, as: UTF8.self)
      guard let separator = text.firstRange(of: "  ") else { return nil }
      let name = String(text[separator.upperBound...])
      return (String(text[..<separator.lowerBound]), isEscaped ? unescaped(name) : name)
    }
  }

  private static func unescaped(_ name: String) -> String {
    var result = ""
    var isAfterBackslash = false
    for character in name {
      if isAfterBackslash {
        result.append(character == "n" ? "\n" : character == "r" ? "\r" : character)
        isAfterBackslash = false
      } else if character == "\\" {
        isAfterBackslash = true
      } else {
        result.append(character)
      }
    }
    return result
  }
}
