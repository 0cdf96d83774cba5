/// A table of numbers in a DICOM file: entry for value, from the first one on (PS3.3, C.11.1 and C.11.2).
struct DICOMTable {
  /// The value that the first entry stands for; smaller ones get it too.
  let first: Int
  /// The entries.
  let entries: [UInt16]
  /// Bits of an entry.
  let bits: Int

  /// A table of a data set.
  ///
  /// - Parameters:
  ///   - isSigned: whether values are, and with them the first one.
  /// - Throws: where descriptor and data do not fit together.
  init(_ set: DICOMDataSet, descriptor: DICOMTag, data: DICOMTag, isSigned: Bool) throws(CodecError) {
    let words = set.words(descriptor)
    guard words.count == 3 else { throw CodecError(reason: "a lookup table has no descriptor") }
    let count = words[0] == 0 ? 65536 : Int(words[0])
    first = isSigned ? Int(Int16(bitPattern: words[1])) : Int(words[1])
    bits = Int(words[2])
    guard (1...16).contains(bits) else {
      throw CodecError(reason: "a lookup table has entries of \(bits) bits")
    }
    guard let bytes = set.bytes(data) else { throw CodecError(reason: "a lookup table has no data") }
    if bytes.count >= 2 * count {
      entries = Array(set.words(data).prefix(count))
    } else if bits <= 8, bytes.count >= count {
      entries = bytes.prefix(count).map(UInt16.init)
    } else {
      throw CodecError(reason: "a lookup table of \(count) entries has \(bytes.count) bytes")
    }
  }

  /// The largest entry that the bits allow.
  var largest: Double { Double((1 << bits) - 1) }

  /// The entry for a value; the first or last one outside the table.
  func entry(of value: Int) -> UInt16 { entries[min(max(value - first, 0), entries.count - 1)] }
}
