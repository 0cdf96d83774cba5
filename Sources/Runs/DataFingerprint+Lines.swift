import Datasets
import TensorFiles

extension DataFingerprint {
  /// The records as text, a JSON array per line.
  var lines: [UInt8] {
    records.flatMap { record in
      let fields = JSONValue([record.sha256, record.part, record.className, record.group, record.file])
      return Array((fields.text(indented: false) + "\n").utf8)
    }
  }

  /// Reads what `lines` gives; nil for anything else.
  init?(lines: [UInt8]) {
    var records: [Record] = []
    for line in lines.split(separator: UInt8(ascii: "\n")) {
      guard let fields = (try? JSONValue(parsing: Array(line)))?.array?.compactMap(\.string),
        fields.count == 5
      else { return nil }
      records.append(
        Record(file: fields[4], sha256: fields[0], part: fields[1], className: fields[2], group: fields[3]))
    }
    self.init(records)
  }

  /// Number of images per part.
  var counts: JSONObject {
    var counts = JSONObject()
    for part in ["train", "validation", "test", "unused"] {
      counts[part] = .integer(records.count { $0.part == part })
    }
    return counts
  }
}
