import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// Headers of NIfTI files that say what is not so, and masks written on a volume.
@Suite struct NIfTITests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func bytes(_ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("formats/" + file))))
  }

  /// The fixture with 16-bit numbers changed at places of its header.
  private func changed(_ changes: [(place: Int, value: Int16)]) throws -> String {
    var bytes = try bytes("las_int16.nii")
    for (place, value) in changes {
      let bits = UInt16(bitPattern: value)
      (bytes[place], bytes[place + 1]) = (UInt8(bits & 255), UInt8(bits >> 8))
    }
    return try folder.write(bytes, to: "changed.nii")
  }

  private func refusal(_ path: String) throws -> String {
    try #require(throws: DatasetError.self) { try ImageFile.read(path) }.message
  }

  @Test func `a header that claims more or fewer voxels than there are is refused`() throws {
    #expect(
      try refusal(changed([(46, 5)])).contains("6×5×5 voxels in 1 volume (300 bytes), the file has 240 bytes")
    )
    #expect(try refusal(changed([(42, 30_000), (44, 30_000), (46, 30_000)])).contains("more than the 2 GiB"))
    #expect(try refusal(changed([(40, 9)])).contains("9 dimensions"))
    #expect(try refusal(changed([(42, -6)])).contains("extents of -6×5×4"))
    #expect(try refusal(changed([(70, 32)])).contains("complex numbers"))
    let longer = try folder.write(
      try bytes("las_int16.nii") + [UInt8](repeating: 0, count: 5000), to: "longer.nii")
    #expect(try refusal(longer).contains("the file has more"))
  }

  @Test func `a compressed file is not unpacked beyond what its header says`() throws {
    // 64 MB of zeros behind a small volume, in 65 kB.
    let whole = try bytes("las_int16.nii") + [UInt8](repeating: 0, count: 64 << 20)
    let path = try folder.write(whole, to: "bomb.nii")
    let gzip = Process()
    (gzip.executableURL, gzip.arguments) = (URL(filePath: "/bin/gzip"), [path])
    try gzip.run()
    gzip.waitUntilExit()
    #expect(try refusal(path + ".gz").contains("the file has more"))
  }

  @Test func `a header apart from its voxels is refused with what to do`() throws {
    var bytes = try bytes("las_int16.nii")
    bytes[345] = UInt8(ascii: "i")
    #expect(try refusal(folder.write(bytes, to: "a.nii")).contains("convert both to one .nii"))
    #expect(try refusal(folder.write([0x5C, 1, 0, 0], to: "b.nii")).contains("ends within its header"))
  }

  @Test(arguments: ["las_int16.nii", "lpi_second.nii", "pir_uint8.nii.gz"])
  func `a mask lies on its volume`(file: String) throws {
    let path = Fixtures.path("formats/" + file)
    let contents = try #require(ImageFormats.standard.contents(ofFile: path))
    let header = try #require(contents.volume)
    let voxels = (0..<header.extents.reduce(1, *)).map { UInt8($0 % 3) }
    for (isCompressed, name) in [(false, "mask.nii"), (true, "mask.nii.gz")] {
      let mask = try folder.write(
        try NIfTIMask.file(voxels, on: header, isCompressed: isCompressed), to: name)
      let written = try #require(ImageFormats.standard.contents(ofFile: mask)?.volume)
      #expect(written.extents == header.extents && written.orientation == header.orientation)
      #expect(written.volumeCount == 1 && written.spacing == header.spacing)
      // Slices are cut from both alike: a voxel's number stands where the voxel is.
      for axis in ImageReading.Axis.allCases {
        let geometry = SliceGeometry(header, along: axis)
        let slice = try MaskFile(path: mask, frame: 1, reading: ImageReading(axis: axis)).values()
        let expected = (0..<geometry.height).flatMap { row in
          (0..<geometry.width).map { UInt16(geometry.voxel(slice: 1, row: row, column: $0) % 3) }
        }
        #expect(slice.values == expected, "\(axis)")
      }
    }
  }
}
