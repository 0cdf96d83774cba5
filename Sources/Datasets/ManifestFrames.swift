/// The images that each row of a table stands for.
struct ManifestFrames {
  /// The frames of each row's file; nil alone where it is one image.
  private(set) var byRow: [[Int?]] = []
  /// The patient of each row's file; nil where it does not say.
  private(set) var groups: [String?] = []

  /// A row that names a frame stands for that one; another for all frames of its file that no row names.
  init(of files: [(path: String, frame: Int?)], _ listed: inout ListedFiles) {
    let named = Self.named(in: files)
    for (path, frame) in files {
      let found = listed.images(ofFile: path)
      groups.append(found.group)
      if let frame {
        byRow.append([frame])
      } else {
        let others = named[[UInt8](path.utf8)] ?? []
        byRow.append(found.frames.filter { $0.map { !others.contains($0) } ?? true })
      }
    }
  }

  /// The frames of each file, by the bytes of its name, that stand for themselves.
  static func named(in files: [(path: String, frame: Int?)]) -> [[UInt8]: Set<Int>] {
    var named: [[UInt8]: Set<Int>] = [:]
    for case (let path, let frame?) in files { named[[UInt8](path.utf8), default: []].insert(frame) }
    return named
  }

  /// Files whose frames are in several groups, so that a group kept whole would divide them.
  static func problems(in samples: [Sample]) -> [String] {
    var groups: [[UInt8]: String?] = [:]
    var problems: [String] = []
    for sample in samples where sample.frame != nil {
      let key = [UInt8](sample.path.utf8)
      guard let group = groups[key] else {
        groups[key] = .some(sample.group)
        continue
      }
      guard group != sample.group else { continue }
      func text(_ group: String?) -> String { group.map { "group '\($0)'" } ?? "no group" }
      problems.append("\(sample.quoted) is in \(text(sample.group)), other frames in \(text(group))")
    }
    return problems
  }
}
