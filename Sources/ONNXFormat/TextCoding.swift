import CONNXProto
import CProtobufC
import Graphs

/// A text field; an absent one reads as empty.
///
/// - Throws: `FormatError` for bytes that are not UTF-8: two names must not become one by repair.
func text(_ data: ProtobufCBinaryData, _ field: String) throws(FormatError) -> String {
  let bytes = unsafe UnsafeBufferPointer(start: data.data, count: data.len)
  guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
    throw FormatError("\(field) is not valid UTF-8", field: field)
  }
  return text
}

/// A text field, or nil where it is absent.
func text(
  _ isPresent: protobuf_c_boolean, _ data: ProtobufCBinaryData, _ field: String
) throws(FormatError) -> String? {
  isPresent != 0 ? try unsafe text(data, field) : nil
}

/// A repeated text field.
func texts(
  _ items: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int, _ field: String
) throws(FormatError) -> [String] {
  var texts: [String] = []
  texts.reserveCapacity(count)
  guard let items = unsafe items else { return texts }
  for index in 0..<count { texts.append(try unsafe text(items[index], field)) }
  return texts
}

/// A text for people, or nil where it is absent; bytes that are not UTF-8 are replaced.
func documentation(_ isPresent: protobuf_c_boolean, _ data: ProtobufCBinaryData) -> String? {
  guard isPresent != 0 else { return nil }
  return unsafe String(decoding: UnsafeBufferPointer(start: data.data, count: data.len), as: UTF8.self)
}

/// A byte string.
func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
  unsafe [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
}
