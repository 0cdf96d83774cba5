package import Tensors

/// The bytes of the file that a message was read from, so that an unchanged message is written back as it came.
///
/// Every type of this module that mirrors an ONNX message drops its `origin` as soon as one of its fields is
/// set. A message that holds a changed message is changed too, since the change goes through its property.
package struct SourceBytes: Sendable {
  /// The mapped file.
  package let storage: Storage
  /// The message's content, without its tag and length.
  package let range: Range<Int>

  /// The content of a message in a mapped file.
  package init(storage: Storage, range: Range<Int>) {
    self.storage = storage
    self.range = range
  }
}

/// Fields that this version of the schema does not know, as they stood in the file: tags and contents.
package typealias UnknownFields = [UInt8]
