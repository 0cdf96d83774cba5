import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

/// A safetensors file from its parts.
private func file(header: String, data: [UInt8], length: Int? = nil) throws -> Storage {
  let text = Array(header.utf8)
  let count = length ?? text.count
  let bytes = (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + text + data
  return try Tensor(bytes).storage
}

@Suite struct SafeTensorsTests {
  @Test func `what is written is read back, with texts and every element type`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.safetensors"
    let entries = [
      SafeTensors.Entry(name: "small", tensor: try Tensor([true, false, true])),
      SafeTensors.Entry(name: "b/weight", tensor: try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])),
      SafeTensors.Entry(name: "a", tensor: try Tensor([Float(0.5)])),
      SafeTensors.Entry(name: "empty", tensor: try Tensor(zeros: [0, 4], of: .int64)),
      SafeTensors.Entry(name: "scalar \"ü\"", tensor: try Tensor(scalar: Double.pi)),
    ]
    try SafeTensors.write(entries, metadata: [("format", "pt"), ("note", "ä\n")], to: path)
    let read = try SafeTensors.read(path)
    #expect(read.entries.map(\.name) == ["empty", "scalar \"ü\"", "a", "b/weight", "small"])
    for entry in entries { #expect(read[entry.name]?.isIdentical(to: entry.tensor) == true, "\(entry.name)") }
    #expect(read.text("format") == "pt" && read.text("note") == "ä\n" && read.text("none") == nil)
    for entry in read.entries {
      let size = max(entry.tensor.elementType.bitWidth ?? 8, 8) / 8
      #expect(entry.tensor.isAligned(to: size), "\(entry.name)")
    }
  }

  @Test func `the order of the entries does not change the file`() throws {
    let folder = try TemporaryFolder()
    let entries = try (0..<9).map {
      SafeTensors.Entry(name: "t\($0)", tensor: try Tensor([Float]($0 % 2 == 0 ? [Float($0)] : [1, 2])))
    }
    try SafeTensors.write(entries, to: folder.path + "/1")
    try SafeTensors.write(entries.reversed(), to: folder.path + "/2")
    let first = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/1"))
    #expect(first == (try Data(contentsOf: URL(fileURLWithPath: folder.path + "/2"))))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["1", "2"])
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "does not fill"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
      "overlaps"
    ),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "gap"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "belong to no tensor"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "ascending"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#, "ascending"),
    (
      #"{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}"#,
      "too large"
    ),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "negative"),
    (#"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, "not supported"),
    (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, "no dtype"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{}}"#, "twice"),
    (#"{"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}"#, "missing"),
    (#"{"__metadata__":{"x":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "expected a string"),
    ("[]", "an array"), ("{", "JSON"), ("", "JSON"),
  ])
  func `a header that lies is refused with its reason`(header: String, reason: String) throws {
    let storage = try file(header: header, data: [UInt8](repeating: 0, count: 8))
    let error = try #require(throws: FileError.self) { try SafeTensors.read(storage, named: "x") }
    #expect(error.message.contains(reason), "\(error.message)")
  }

  @Test func `a header longer than the file is refused`() throws {
    for length in [100, 1 << 40, Int.max, -1] {
      let storage = try file(header: "{}", data: [], length: length)
      #expect(throws: FileError.self) { try SafeTensors.read(storage, named: "x") }
    }
  }

  @Test func `truncated and flipped files never crash`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a"
    let entries = try ["x", "y", "z"].map {
      SafeTensors.Entry(name: $0, tensor: try Tensor([1, 2] as [Float]))
    }
    try SafeTensors.write(entries, metadata: [("k", "v")], to: path)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for count in 0..<bytes.count {
      let storage = try Tensor(Array(bytes.prefix(count))).storage
      #expect(throws: FileError.self) { try SafeTensors.read(storage, named: "x") }
    }
    var random = Random(2)
    for _ in 0..<3000 {
      var damaged = bytes
      for _ in 0...random.integer(below: 4) {
        damaged[random.integer(below: damaged.count)] = UInt8(random.integer(below: 256))
      }
      guard let read = try? SafeTensors.read(Tensor(damaged).storage, named: "x") else { continue }
      for entry in read.entries { _ = try entry.tensor.copied() }
    }
  }

  @Test func `what cannot be written leaves the old file and no temporary one`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a"
    try AtomicWrite.file(at: path, bytes: [1, 2, 3])
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try AtomicWrite.file(at: path) { writer in
        try writer.write([UInt8](repeating: 0, count: 1 << 20))
        throw Stop()
      }
    }
    #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2, 3])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
    let error = try #require(throws: FileError.self) {
      try AtomicWrite.file(at: folder.path + "/no/b", bytes: [1])
    }
    #expect(error.failureCode == .missingInput && error.message.hasSuffix("No such file or directory"))
  }

  @Test func `a write that the system refuses halfway is reported with its reason and leaves nothing`() async
  {
    // A full file system needs rights to make; a limit on the size of files fails the same write. It holds for a whole
    // process, hence the exit test.
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
      #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let bytes = [UInt8](repeating: 1, count: 5000)
      let error = try #require(throws: FileError.self) {
        try AtomicWrite.file(at: folder.path + "/big", bytes: bytes)
      }
      #expect(error.failureCode == .workFailed && error.message.hasSuffix("larger than the file size limit"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }
}
