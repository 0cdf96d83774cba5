extension Sample {
  /// The image as tables and lists name it: the file, of several images in it with `#` and the frame's number behind it.
  package var name: String { path + suffix }

  /// What stands behind the file's name in tables and lists: `#12` for a frame, else nothing.
  package var suffix: String { frame.map { "#\($0)" } ?? "" }

  /// The file's name without folder and ending, of `a.nii.gz` without both.
  package var stem: String { FileKind.stem(of: path.split(separator: "/").last.map(String.init) ?? path) }

  /// The image as errors name it: `'scan.dcm' frame 12`.
  package var quoted: String { "'\(path)'" + (frame.map { " frame \($0)" } ?? "") }

  /// The file and the frame of a name with `#` and a number at its end; nil for others.
  package static func frame(in name: String) -> (file: String, frame: Int)? {
    guard let mark = name.lastIndex(of: "#"), mark > name.startIndex else { return nil }
    let digits = name[name.index(after: mark)...]
    guard !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }), let frame = Int(digits) else {
      return nil
    }
    return (String(name[..<mark]), frame)
  }

  /// What must stay in one part: a group, or the images of a file.
  enum Unit: Hashable {
    case group(String)
    case file(String)

    /// Whether it is a group.
    var isGroup: Bool { if case .group = self { true } else { false } }

    /// The name of either.
    var name: String {
      switch self {
      case .group(let name), .file(let name): name
      }
    }
  }

  /// What this image must not be divided from; nil where it stands alone.
  var unit: Unit? { group.map { .group($0) } ?? (frame == nil ? nil : .file(path)) }
}

extension [Sample] {
  /// For each image the position of the first one of the same file; names of files are bytes.
  var firstOfFile: [Int] {
    var positions: [[UInt8]: Int] = [:]
    return indices.map { position in
      let key = [UInt8](self[position].path.utf8)
      if let first = positions[key] { return first }
      positions[key] = position
      return position
    }
  }
}
