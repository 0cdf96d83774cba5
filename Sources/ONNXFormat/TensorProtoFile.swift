public import Graphs
import Tensors

/// Reads and writes files that hold one tensor (ONNX `TensorProto`, usually named `.pb`).
public enum TensorProtoFile {
  /// Opens a tensor; its elements are a view of the mapped file where that is possible.
  ///
  /// - Throws: `FormatError`, code `missingInput` where the file cannot be opened, `badData` where its content is bad.
  public static func read(_ path: String) throws(FormatError) -> TensorConstant {
    do throws(FormatError) {
      let storage = try ONNXFile.map(path)
      guard storage.byteCount > 0 else { throw FormatError("the file is empty", field: "TensorProto") }
      let source = SourceBytes(storage: storage, range: 0..<storage.byteCount)
      return try ModelReader(external: ExternalData(modelPath: path), census: Census()).tensor(
        source, depth: 0)
    } catch {
      throw error.located(file: path)
    }
  }

  /// Writes a tensor with its exact element type and shape, elements inline.
  ///
  /// The file appears whole or not at all; the call does not wait for the disk.
  public static func write(_ tensor: TensorConstant, to path: String) throws(FormatError) {
    do throws(FormatError) {
      var tensor = tensor
      if tensor.external != nil { tensor.external = nil }
      let file = try AtomicFile(path)
      try file.append(ModelEncoder().tensor(tensor))
      try file.commit(isDurable: false)
    } catch {
      throw error.located(file: path)
    }
  }
}
