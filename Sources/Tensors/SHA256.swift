/// The SHA-256 digest (FIPS 180-4), taken in pieces.
package struct SHA256 {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0
  private var schedule = [UInt32](repeating: 0, count: 64)

  package init() {}

  /// The digest of a whole file in hexadecimal.
  package static func hexadecimal(mapping path: String) throws(MemoryMapError) -> String {
    hexadecimal(of: try MemoryMap.file(at: path))
  }

  /// The digest of memory in hexadecimal.
  package static func hexadecimal(of storage: Storage) -> String {
    var hash = SHA256()
    unsafe hash.update(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    return hash.finish()
  }

  /// The digest of bytes in hexadecimal.
  package static func hexadecimal(of bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// Takes further bytes.
  package mutating func update(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { bytes in unsafe update(bytes) }
  }

  /// Takes further bytes.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    byteCount &+= UInt64(bytes.count)
    var position = 0
    if !pending.isEmpty {
      position = min(64 - pending.count, bytes.count)
      unsafe pending.append(contentsOf: bytes[..<position])
      guard pending.count == 64 else { return }
      let block = pending
      pending = []
      unsafe block.withUnsafeBytes { block in unsafe compress(block, at: 0) }
    }
    while bytes.count - position >= 64 {
      unsafe compress(bytes, at: position)
      position += 64
    }
    unsafe pending.append(contentsOf: bytes[position...])
  }

  /// Ends the message and gives the digest, 64 lower-case hexadecimal digits.
  package mutating func finish() -> String {
    let bitCount = byteCount &* 8
    var padding: [UInt8] = [0x80]
    while (pending.count + padding.count) % 64 != 56 { padding.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      padding.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
    }
    update(padding)
    let (a, b, c, d, e, f, g, h) = state
    return [a, b, c, d, e, f, g, h].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private mutating func compress(_ bytes: UnsafeRawBufferPointer, at position: Int) {
    var (a, b, c, d, e, f, g, h) = state
    unsafe schedule.withUnsafeMutableBufferPointer { w in
      unsafe SHA256.constants.withUnsafeBufferPointer { k in
        for word in 0..<16 {
          unsafe w[word] = UInt32(
            bigEndian: bytes.loadUnaligned(fromByteOffset: position + 4 * word, as: UInt32.self))
        }
        for word in 16..<64 {
          let (x, y) = unsafe (w[word - 15], w[word - 2])
          let s0 = rotated(x, 7) ^ rotated(x, 18) ^ x &>> 3
          let s1 = rotated(y, 17) ^ rotated(y, 19) ^ y &>> 10
          unsafe w[word] = w[word - 16] &+ s0 &+ w[word - 7] &+ s1
        }
        for word in 0..<64 {
          let s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
          let t1 = unsafe h &+ s1 &+ ((e & f) ^ (~e & g)) &+ k[word] &+ w[word]
          let s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
          let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
          (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
        }
      }
    }
    state.0 &+= a
    state.1 &+= b
    state.2 &+= c
    state.3 &+= d
    state.4 &+= e
    state.5 &+= f
    state.6 &+= g
    state.7 &+= h
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}

@inline(__always)
private func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word &>> count | word &<< (32 &- count) }
