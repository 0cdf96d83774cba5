import Foundation

/// Files that Tools/goldens wrote.
enum Fixtures {
  /// The path of a fixture.
  static func path(_ relative: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/" + relative).path
  }

  /// The lines of a CSV fixture after its header, split at commas.
  static func rows(_ relative: String) throws -> [[String]] {
    try String(contentsOfFile: path(relative), encoding: .utf8).split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",").map(String.init) }
  }
}

/// The CRC-32 of zlib, as the goldens have it.
func crc32(_ bytes: [UInt8]) -> UInt32 {
  let table: [UInt32] = (0..<256).map { byte in
    var value = UInt32(byte)
    for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
    return value
  }
  var state = UInt32.max
  for byte in bytes {
    let entry = table[Int((state ^ UInt32(byte)) & 255)]
    state = (state >> 8) ^ entry
  }
  return ~state
}
