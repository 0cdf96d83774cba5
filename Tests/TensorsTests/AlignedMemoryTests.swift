import Tensors
import Testing

@Suite struct AlignedMemoryTests {
  private static let hugePage = 1 << 21

  @Test(arguments: [0, 1, 63, 65, hugePage - 1, hugePage, hugePage + 1, 3 * hugePage + 4097])
  func `memory is aligned, zero, and writable to its last byte`(byteCount: Int) throws {
    // Twice, so that the second block may get what the first one gave back.
    for _ in 0..<2 {
      guard let memory = unsafe AlignedMemory.allocate(byteCount) else {
        Issue.record("no memory for \(byteCount) bytes")
        return
      }
      defer { unsafe AlignedMemory.deallocate(memory, byteCount) }
      let alignment = byteCount >= Self.hugePage ? Self.hugePage : 64
      #expect(Int(bitPattern: memory) % alignment == 0)
      let bytes = unsafe UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
      let isZero = unsafe bytes.allSatisfy { $0 == 0 }
      #expect(isZero)
      for index in bytes.indices { unsafe bytes[index] = 255 }
    }
  }

  @Test func `more memory than an address can name is refused`() {
    for byteCount in [Int.max, .max - Self.hugePage] {
      let isRefused = unsafe AlignedMemory.allocate(byteCount) == nil
      #expect(isRefused, "\(byteCount)")
    }
  }
}
