import CONNXProto
import CProtobufC
import Graphs

/// A name, in the spelling that `NameSpelling` gives it; an absent one reads as empty.
///
/// - Throws: `FormatError` for bytes that are not UTF-8, which no name may have.
func name(_ data: ProtobufCBinaryData, _ field: String) throws(FormatError) -> String {
  let bytes = unsafe UnsafeBufferPointer(start: data.data, count: data.len)
  guard let name = unsafe String(validating: bytes, as: UTF8.self) else {
    throw FormatError("\(field) is not valid UTF-8", field: field)
  }
  return NameSpelling.name(name)
}

/// The names of a list.
func names(
  _ items: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int, _ field: String
) throws(FormatError) -> [String] {
  var names: [String] = []
  names.reserveCapacity(count)
  guard let items = unsafe items else { return names }
  for index in 0..<count { names.append(try unsafe name(items[index], field)) }
  return names
}

/// A text for people, whatever its bytes are; an absent one reads as empty.
func text(_ data: ProtobufCBinaryData) -> String {
  unsafe NameSpelling.text(UnsafeBufferPointer(start: data.data, count: data.len))
}

/// A text for people, or nil where it is absent.
func text(_ isPresent: protobuf_c_boolean, _ data: ProtobufCBinaryData) -> String? {
  isPresent != 0 ? unsafe text(data) : nil
}

/// A byte string.
func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
  unsafe [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
}
