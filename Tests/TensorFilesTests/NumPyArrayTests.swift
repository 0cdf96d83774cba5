import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

private func npy(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
  let text = Array(header.utf8) + [0x0A]
  let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data
}

@Suite struct NumPyArrayTests {
  @Test func `what is written is read back`() throws {
    let folder = try TemporaryFolder()
    let tensors = [
      try Tensor([1.5, -2, 3, 4, 5, 6] as [Float], shape: [2, 3]), try Tensor([Int64.min, 7]),
      try Tensor(scalar: 2.5), try Tensor([true, false]), try Tensor(zeros: [3, 0, 2], of: .int32),
      try Tensor(zeros: [2], of: .complex128), try Tensor(zeros: [5], of: .float16),
    ]
    for tensor in tensors {
      try NumPyArray.write(tensor, to: folder.path + "/a.npy")
      #expect(try NumPyArray.read(folder.path + "/a.npy").isIdentical(to: tensor))
    }
  }

  @Test func `column-major and big-endian files give row-major little-endian tensors`() throws {
    // The matrix [[1, 2, 3], [4, 5, 6]] column by column, as NumPy's asfortranarray stores it.
    let fortran = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", [1, 4, 2, 5, 3, 6])
    let matrix = try NumPyArray.read(fortran, named: "x")
    #expect(matrix.shape == [2, 3] && matrix.array(of: UInt8.self) == [1, 2, 3, 4, 5, 6])
    let big = npy(
      "{\"shape\": (2,), 'fortran_order': False, 'descr': '>i4'}", [0, 0, 1, 2, 255, 255, 255, 255],
      version: 2)
    #expect(try NumPyArray.read(big, named: "x").array(of: Int32.self) == [258, -1])
  }

  @Test(arguments: [
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "needs 12 bytes"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "header is not"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "too large"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "header is not"),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "'|O' is not supported"),
    ("{'descr': '<f4', 'fortran_order': False, }", "header is not"),
    ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "header is not"),
    ("", "header is not"), ("{", "header is not"), ("{'", "header is not"),
  ])
  func `a header that lies is refused with its reason`(header: String, reason: String) throws {
    let bytes = npy(header, [UInt8](repeating: 0, count: 8))
    let error = try #require(throws: FileError.self) { try NumPyArray.read(bytes, named: "x") }
    #expect(error.message.contains(reason), "\(error.message)")
  }

  @Test func `truncated and flipped files never crash`() throws {
    let bytes = npy(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", [UInt8](repeating: 7, count: 24))
    for count in 0..<bytes.count {
      #expect(throws: FileError.self) { try NumPyArray.read(Array(bytes.prefix(count)), named: "x") }
    }
    var random = Random(5)
    for _ in 0..<3000 {
      var damaged = bytes
      for _ in 0...random.integer(below: 3) {
        damaged[random.integer(below: damaged.count)] = UInt8(random.integer(below: 256))
      }
      _ = try? NumPyArray.read(damaged, named: "x")
    }
  }
}
