/// What a listing finds out about the files it meets: how many images they hold, and of whom.
struct ListedFiles {
  let formats: ImageFormats
  let reading: ImageReading
  /// Whether values of some file become grey levels as `reading` says.
  private(set) var hasIntensities = false
  private var patients: [String: Int] = [:]
  /// What was found out already: a volume stands in a table once for each slice, and for each of its mask's.
  private var known: [String: FileContents?] = [:]

  init(_ formats: ImageFormats, _ reading: ImageReading) { (self.formats, self.reading) = (formats, reading) }

  /// The images of a file.
  struct Found {
    /// A number for each of several; nil alone for one.
    let frames: [Int?]
    /// The patient, by order of appearance from 1; nil where the file does not say who it is of.
    let group: String?
    /// What else the file says.
    let contents: FileContents?
  }

  /// What a file says of its images; asked of the file once.
  mutating func contents(ofFile path: String) -> FileContents? {
    if let contents = known[path] { return contents }
    let contents = formats.contents(ofFile: path)
    known[path] = .some(contents)
    return contents
  }

  mutating func images(ofFile path: String) -> Found {
    let contents = contents(ofFile: path)
    if contents != nil, !hasIntensities { hasIntensities = formats.hasIntensities(path) }
    return Found(
      frames: formats.frames(of: contents, reading), group: contents?.patient.map { group(of: $0) },
      contents: contents)
  }

  /// A name for a patient that says nothing about who it is.
  private mutating func group(of patient: String) -> String {
    let number = patients[patient] ?? patients.count + 1
    patients[patient] = number
    return String(number)
  }
}
