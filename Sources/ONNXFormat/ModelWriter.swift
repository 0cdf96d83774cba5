import Glibc
import Graphs
import Tensors

/// Writes one model: decides where the weights go, then streams the encoded pieces.
struct ModelWriter {
  /// Largest file that readers built on protobuf accept.
  static let inlineLimit = Int(Int32.max)
  /// Offsets in an external file are multiples of a page, so that readers can map them.
  static let externalAlignment = 4096

  let path: String
  private var folder: String { ExternalData.folder(of: path) }

  func write(_ model: ModelDescription, _ placement: ExternalPlacement) throws(FormatError) {
    switch placement {
    case .unchanged:
      let encoded = try encode(model)
      let file = try AtomicFile(path)
      try file.append(encoded)
      try copyExternalFiles(of: model)
      try file.commit()
    case .inline:
      let inline = try model.replacingTensors { tensor throws(FormatError) in
        guard tensor.external != nil else { return nil }
        var tensor = tensor
        tensor.external = nil
        return tensor
      }
      let encoded = try encode(inline)
      let file = try AtomicFile(path)
      try file.append(encoded)
      try file.commit()
    case .file(let name, let threshold):
      try write(model, into: name, threshold: threshold)
    }
  }

  private func encode(_ model: ModelDescription) throws(FormatError) -> Encoded {
    let encoded = try ModelEncoder().model(model)
    guard encoded.byteCount <= ModelWriter.inlineLimit else {
      throw FormatError(
        "would be \(encoded.byteCount) bytes, and a model file may have \(ModelWriter.inlineLimit)",
        code: .workFailed, file: path, hint: "write the weights as external data")
    }
    return encoded
  }

  private func write(
    _ model: ModelDescription, into name: String, threshold: Int
  ) throws(FormatError) {
    try ExternalData.check(relative: name)
    let dataPath = ExternalData.path(name, in: folder)
    guard !name.contains("/"), resolvedPath(dataPath) != resolvedPath(path) || resolvedPath(path) == nil,
      dataPath != path
    else {
      throw FormatError(
        "external data name '\(name)' must be a file name other than the model's", code: .usage, file: path)
    }
    if try usesExternalFile(model, at: dataPath) {
      throw FormatError(
        "'\(name)' holds the weights of \(model.sourcePath ?? "the model that was read"), which would lose them",
        code: .usage, file: dataPath, hint: "choose another name for the external data")
    }
    let data = try AtomicFile(dataPath)
    var offset = 0
    let placed = try model.replacingTensors { tensor throws(FormatError) in
      guard let elements = tensor.tensor else { return nil }
      var tensor = tensor
      guard elements.byteCount >= max(threshold, 1) else {
        guard tensor.external != nil else { return nil }
        tensor.external = nil
        return tensor
      }
      let padding = -offset & (ModelWriter.externalAlignment - 1)
      try data.append([UInt8](repeating: 0, count: padding))
      offset += padding
      try data.append(elements.storage, elements.byteOffset..<elements.byteOffset + elements.byteCount)
      tensor.external = TensorConstant.ExternalLocation(
        path: name, offset: offset, length: elements.byteCount)
      offset += elements.byteCount
      return tensor
    }
    let encoded = try encode(placed)
    let file = try AtomicFile(path)
    try file.append(encoded)
    try data.commit()
    try file.commit()
  }

  /// Whether a file holds weights of the model that was read, and the model is not written onto itself.
  private func usesExternalFile(_ model: ModelDescription, at path: String) throws(FormatError) -> Bool {
    guard let source = model.sourcePath, resolvedPath(source) != resolvedPath(self.path),
      let existing = resolvedPath(path)
    else { return false }
    let sourceFolder = ExternalData.folder(of: source)
    return try externalFiles(of: model).contains {
      resolvedPath(ExternalData.path($0.path, in: sourceFolder)) == existing
    }
  }

  /// The external files that a model uses, each once, in the order of first use, with their content.
  private func externalFiles(
    of model: ModelDescription
  ) throws(FormatError) -> [(path: String, storage: Storage)] {
    var files: [(path: String, storage: Storage)] = []
    _ = try model.replacingTensors { tensor throws(FormatError) in
      guard let external = tensor.external, let elements = tensor.tensor else { return nil }
      if !files.contains(where: { $0.path == external.path }) {
        files.append((external.path, elements.storage))
      }
      return nil
    }
    return files
  }

  private func copyExternalFiles(of model: ModelDescription) throws(FormatError) {
    let target = resolvedPath(folder)
    if let source = model.sourcePath, target != nil, resolvedPath(ExternalData.folder(of: source)) == target {
      return
    }
    for (name, storage) in try externalFiles(of: model) {
      try ExternalData.check(relative: name)
      let path = ExternalData.path(name, in: folder)
      if resolvedPath(path) != nil {
        guard try ONNXFile.map(path).hasSameBytes(as: storage) else {
          throw FormatError(
            "exists with other content, and the model needs its own external data there",
            code: .workFailed, file: path, hint: "write to another folder or to one file with external data")
        }
        continue
      }
      try makeFolders(above: name)
      let file = try AtomicFile(path)
      try file.append(storage, 0..<storage.byteCount)
      try file.commit()
    }
  }

  private func makeFolders(above name: String) throws(FormatError) {
    var folder = folder
    for part in name.split(separator: "/").dropLast() {
      folder = ExternalData.path(String(part), in: folder)
      guard unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST else {
        throw FormatError("cannot be made: \(reason(errno))", code: .workFailed, file: folder)
      }
    }
  }
}

extension Storage {
  /// Whether both hold the same bytes.
  fileprivate func hasSameBytes(as other: Storage) -> Bool {
    guard byteCount == other.byteCount, byteCount > 0 else { return byteCount == other.byteCount }
    return unsafe memcmp(base, other.base, byteCount) == 0
  }
}
