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

  /// The part whose word stands somewhere in the name of a folder, or nil where none or several do.
  ///
  /// `seg_train`, `imagesTr`, `train_256`, `Trainingsdaten`: such a name alone proves nothing, since classes may be called so.
  init?(within name: String) {
    var tokens: [String] = [""]
    for (before, letter) in zip([nil] + name.map(Optional.some), name) {
      let begins = letter.isUppercase && !(before?.isUppercase ?? true)
      if begins || !letter.isLetter { tokens.append("") }
      if letter.isLetter { tokens[tokens.count - 1] += letter.lowercased() }
    }
    let found = Split.allCases.filter { part in
      tokens.contains { token in
        part.names.contains(token) || part.marks.contains(token)
          || part.stems.contains(where: token.contains)
      }
    }
    guard found.count == 1 else { return nil }
    self = found[0]
  }

  /// Words that name a part inside of longer ones.
  private var stems: [String] {
    switch self {
    case .train: ["train"]
    case .validation: ["valid"]
    case .test: ["test"]
    }
  }

  /// Endings in use behind another word: `imagesTr`, `imagesTs`.
  private var marks: [String] {
    switch self {
    case .train: ["tr"]
    case .validation: ["va"]
    case .test: ["ts", "te"]
    }
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
