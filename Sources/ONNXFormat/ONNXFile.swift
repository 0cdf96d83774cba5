public import Graphs
public import Tensors

/// Reads and writes model files (ONNX `ModelProto`).
public enum ONNXFile {
  /// Opens a model: the file is mapped, its weights are views of the mapping, external data files are mapped too.
  ///
  /// - Throws: `FormatError`, code `missingInput` where a file cannot be opened, `badData` where its content is bad.
  public static func read(_ path: String) throws(FormatError) -> ModelDescription {
    let storage = try map(path)
    // Names and shapes lie between weights of megabytes, which reading ahead would read too.
    return try storage.withScatteredReads { () throws(FormatError) in try read(storage: storage, path: path) }
  }

  /// Reads a model from bytes in memory.
  ///
  /// - Parameter path: the file's name for messages and for its external data, or nil where there is none.
  public static func read(storage: Storage, path: String? = nil) throws(FormatError) -> ModelDescription {
    try read(storage: storage, path: path, partLimit: Census.byteLimit)
  }

  /// Reads a model whose parts may cost so many bytes, contents of tensors aside.
  package static func read(
    storage: Storage, path: String?, partLimit: Int
  ) throws(FormatError) -> ModelDescription {
    do throws(FormatError) {
      guard storage.byteCount > 0 else { throw FormatError("the file is empty", field: "ModelProto") }
      let source = SourceBytes(storage: storage, range: 0..<storage.byteCount)
      return try ModelReader(
        external: ExternalData(modelPath: path), census: Census(byteLimit: partLimit)
      ).model(source)
    } catch {
      throw error.located(file: path)
    }
  }

  /// Writes a model: what did not change since it was read goes out as the bytes it came in, the rest is encoded anew.
  ///
  /// The file appears whole or not at all, and may be the one the model was read from.
  ///
  /// - Parameters:
  ///   - path: the file to write.
  ///   - placement: where the weights go.
  /// - Throws: `FormatError`, code `workFailed` for a full disk and for more than 2 GiB inline.
  public static func write(
    _ model: ModelDescription, to path: String, externalData placement: ExternalPlacement = .unchanged
  ) throws(FormatError) {
    do throws(FormatError) {
      try ModelWriter(path: path).write(model, placement)
    } catch {
      throw error.located(file: path)
    }
  }

  static func map(_ path: String) throws(FormatError) -> Storage {
    do {
      return try MemoryMap.file(at: path)
    } catch {
      throw FormatError(
        "cannot be opened: \(error.reason)", code: .missingInput, file: path)
    }
  }
}
