package import Tensors

extension SHA256 {
  /// The digest of a whole file in hexadecimal.
  package static func hexadecimal(ofFile path: String) throws(FileError) -> String {
    do { return try hexadecimal(mapping: path) } catch { throw .unreadable(error) }
  }
}
