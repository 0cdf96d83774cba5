import Glibc
import Graphs
import Tensors

/// The external data files of one model, each mapped once.
///
/// A location must be relative and stay inside the model's folder, also after symbolic links are resolved: a
/// model file must not be able to read the rest of the disk into a tensor.
final class ExternalData {
  /// The model file, or nil where the model was not read from one.
  let modelPath: String?
  private var mapped: [String: Storage] = [:]

  /// The files next to a model file.
  init(modelPath: String?) {
    self.modelPath = modelPath
  }

  /// The folder part of a path; `.` where there is none.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// What the entries of `external_data` say.
  static func location(_ entries: [MetadataEntry]) throws(FormatError) -> TensorConstant.ExternalLocation {
    func value(_ key: String) -> String? { entries.last { $0.key == key }?.value }
    func number(_ key: String) throws(FormatError) -> Int? {
      guard let text = value(key) else { return nil }
      guard let number = Int(text), number >= 0 else {
        throw FormatError("external \(key) is '\(text)', not a byte count", field: "external_data")
      }
      return number
    }
    guard let path = value("location"), !path.isEmpty else {
      throw FormatError("is external but names no location", field: "external_data")
    }
    return TensorConstant.ExternalLocation(
      path: path, offset: try number("offset") ?? 0, length: try number("length"),
      checksum: value("checksum"))
  }

  /// Refuses a location that is not a plain relative path.
  static func check(relative path: String) throws(FormatError) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard !path.isEmpty, !path.hasPrefix("/"), !parts.contains(".."), !path.utf8.contains(0) else {
      throw FormatError(
        "external data location '\(path)' leads out of the model's folder", field: "external_data",
        hint: "external data must lie next to the model file or in a folder below it")
    }
  }

  /// The mapped file of a location.
  func storage(_ location: TensorConstant.ExternalLocation) throws(FormatError) -> Storage {
    guard let folder = modelPath.map(ExternalData.folder(of:)) else {
      throw FormatError(
        "has external data '\(location.path)', but the model was not read from a folder",
        field: "external_data")
    }
    try ExternalData.check(relative: location.path)
    let path = ExternalData.path(location.path, in: folder)
    if let storage = mapped[path] { return storage }
    guard let root = resolvedPath(folder), let file = resolvedPath(path) else {
      throw FormatError(
        "external data file '\(location.path)' cannot be opened: \(reason(errno))", code: .missingInput,
        field: "external_data", hint: "put '\(location.path)' next to the model file, in \(folder)")
    }
    guard root == "/" || file.hasPrefix(root + "/") else {
      throw FormatError(
        "external data location '\(location.path)' is a link out of the model's folder",
        field: "external_data", hint: "external data must lie next to the model file or in a folder below it")
    }
    do {
      let storage = try MemoryMap.file(at: file)
      mapped[path] = storage
      return storage
    } catch {
      throw FormatError(
        "external data file '\(location.path)' cannot be opened: \(error.reason)", code: .missingInput,
        field: "external_data", underlying: error)
    }
  }

  /// The path of a file in a folder.
  static func path(_ name: String, in folder: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }
}

/// A path without symbolic links and dots, or nil where there is no such file (`errno` says why).
func resolvedPath(_ path: String) -> String? {
  guard let pointer = unsafe realpath(path, nil) else { return nil }
  defer { unsafe free(pointer) }
  return unsafe String(cString: pointer)
}

/// The system's words for an error number.
func reason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
