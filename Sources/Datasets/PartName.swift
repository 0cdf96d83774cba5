extension Split {
  /// The part that a folder's name or a field of a table means, in any case and the spellings in use, or nil.
  ///
  /// `train`, `training`, `trn`; `test`, `testing`, `tst`; `validation`, `validate`, `valid`, `val`, `development`, `dev`; each also
  /// with `set`, `data`, `images`, … behind it: `train_set`, `Train-Images`, `testdata`.
  init?(named name: String) {
    let letters = name.lowercased().filter { !"_-. ".contains($0) }
    let stems =
      [letters] + Split.suffixes.filter(letters.hasSuffix).map { String(letters.dropLast($0.count)) }
    guard let split = Split.allCases.first(where: { part in stems.contains(where: part.names.contains) })
    else { return nil }
    self = split
  }

  /// The word for images that no part holds, because a fraction left them out.
  static let unusedName = "unused"

  private var names: [String] {
    switch self {
    case .train: ["train", "training", "trn"]
    case .validation: ["validation", "validate", "valid", "val", "development", "dev"]
    case .test: ["test", "testing", "tst"]
    }
  }

  private static let suffixes = [
    "set", "dataset", "data", "split", "part", "folder", "images", "image", "imgs", "img",
  ]
}
