import Graphs
import ONNXFormat
import TensorFiles
public import Tensors

/// Single tensors in files, by suffix: TensorProto `.pb` or NumPy `.npy`.
public enum TensorFile {
  /// A file format.
  public enum Format: Sendable {
    /// ONNX `TensorProto`.
    case tensorProto
    /// NumPy array.
    case numPy

    /// The file name's ending.
    public var suffix: String {
      switch self {
      case .tensorProto: ".pb"
      case .numPy: ".npy"
      }
    }
  }

  /// Reads a tensor of fixed-size elements.
  public static func read(_ path: String) throws -> Tensor {
    if path.hasSuffix(".npy") { return try NumPyArray.read(path) }
    guard let tensor = try TensorProtoFile.read(path).tensor else {
      throw FileError(.unsupported, "'\(path)': holds strings, which are not computed with", file: path)
    }
    return tensor
  }

  /// Writes a tensor; the format follows the path's ending.
  public static func write(_ tensor: Tensor, name: String, to path: String) throws {
    try Folder.create(containing: path)
    if path.hasSuffix(".npy") { return try NumPyArray.write(tensor, to: path) }
    try TensorProtoFile.write(TensorConstant(name: name, tensor), to: path)
  }
}
