import Tensors
import Testing

@Suite struct TensorTests {
  @Test func `elements come back as they went in`() throws {
    let tensor = try Tensor([1.5, -2, 3] as [Float], shape: [3, 1])
    #expect(tensor.array(of: Float.self) == [1.5, -2, 3])
    #expect(tensor.array(of: Double.self) == nil)
    #expect(tensor.doubles == [1.5, -2, 3])
    #expect(tensor.integers == nil)
    #expect(tensor.byteCount == 12)
  }

  @Test func `a byte other than 0 and 1 reads as true`() throws {
    let bytes = try Tensor([0, 1, 7] as [UInt8])
    let truth = Tensor(elementType: .bool, shape: [3], storage: bytes.storage)
    #expect(truth.integers == [0, 1, 1])
  }

  @Test func `a tensor at an odd offset is copied to aligned memory, with the same bytes`() throws {
    let bytes = try Tensor([9, 0, 0, 128, 63] as [UInt8])
    let tensor = Tensor(elementType: .float32, shape: [1], storage: bytes.storage, byteOffset: 1)
    #expect(!tensor.isAligned(to: 16))
    let aligned = try tensor.aligned()
    #expect(aligned.isAligned(to: 64))
    #expect(aligned.doubles == [1])
    #expect(aligned.isIdentical(to: tensor))
  }

  @Test func `large and small storage is aligned and zero`() throws {
    for count in [0, 1, 1000, 1 << 21] {
      let tensor = try Tensor(zeros: Shape([count]))
      #expect(tensor.isAligned(to: 64))
      #expect(tensor.doubles?.allSatisfy { $0 == 0 } == true)
    }
  }

  @Test func `memory that no system has is refused`() {
    #expect(throws: StorageError.self) { try Tensor(zeros: [1 << 46]) }
    #expect(throws: StorageError.self) { try Storage(byteCount: -1) }
  }

  @Test func `sub-byte types take whole bytes for a remainder`() {
    #expect(ElementType.int4.byteCount(of: 5) == 3)
    #expect(ElementType.uint2.byteCount(of: 5) == 2)
    #expect(ElementType.float16.byteCount(of: 5) == 10)
    #expect(ElementType.string.byteCount(of: 5) == nil)
    #expect(ElementType.float64.byteCount(of: Int.max) == nil)
  }

  @Test func `a missing file, a folder and an empty file are told apart`() throws {
    let missing = #expect(throws: MemoryMapError.self) { try MemoryMap.file(at: "/nowhere/at/all") }
    #expect(missing?.isMissing == true)
    let folder = #expect(throws: MemoryMapError.self) { try MemoryMap.file(at: "/") }
    #expect(folder?.isMissing == false)
  }
}
