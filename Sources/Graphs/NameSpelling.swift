@_spi(_Unicode) import Swift

/// How names out of files are spelled in memory.
///
/// Two names of an ONNX file are the same where their bytes are. Swift's strings compare by canonical equivalence: «é» as
/// one scalar (NFC) equals «é» as two (NFD), and a dictionary would take two values for one. So a name that is not in NFC
/// is spelled differently in memory: each of its bytes from 0x80 on becomes the private scalar U+10FF00 + byte. These
/// scalars have no canonical equivalents, hence names of different bytes are different strings. A name in NFC stays as it
/// is, unless it holds one of these scalars itself. The spelling is undone when a name is written to a file or shown.
///
/// Texts for people keep their spelling; the same is done with those that are not UTF-8, which no string could hold.
public enum NameSpelling {
  /// The private scalar of byte 0; those of bytes from 0x80 on are used.
  private static let base: UInt32 = 0x10FF00
  /// First byte in UTF-8 of the private scalars, and of few others.
  private static let leadByte: UInt8 = 0xF4

  /// The spelling of a name from a file or a command line.
  public static func name(_ name: String) -> String {
    guard !name.utf8.allSatisfy({ $0 < 0x80 }) else { return name }
    let isKept = isOriginal(name) && name._nfc.elementsEqual(name.unicodeScalars)
    return isKept ? name : spelled(name.utf8)
  }

  /// The spelling of a text that may have any bytes.
  package static func text(_ bytes: some Collection<UInt8>) -> String {
    guard let text = String(validating: bytes, as: UTF8.self), isOriginal(text) else { return spelled(bytes) }
    return text
  }

  /// A text with all names in it as they stand in their files: what people see.
  public static func original(_ text: String) -> String {
    isOriginal(text) ? text : String(decoding: bytes(text), as: UTF8.self)
  }

  /// Whether a text holds no spelled name.
  package static func isOriginal(_ text: String) -> Bool {
    !text.utf8.contains(leadByte) || !text.unicodeScalars.contains { byte(of: $0) != nil }
  }

  /// The bytes that a name or text has in its file.
  package static func bytes(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if let byte = byte(of: scalar) { bytes.append(byte) } else { bytes += Array(String(scalar).utf8) }
    }
    return bytes
  }

  private static func spelled(_ bytes: some Collection<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    for byte in bytes {
      let value = byte < 0x80 ? UInt32(byte) : base + UInt32(byte)
      scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
    }
    return String(scalars)
  }

  private static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    scalar.value >= base + 0x80 ? UInt8(exactly: scalar.value - base) : nil
  }
}
