import Datasets
import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Folders and tables of DICOM series, segmentations and volumes.
@Suite struct MedicalFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func copy(_ fixture: String, _ target: String) throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("formats/" + fixture))))
    try folder.write(bytes, to: target)
  }

  /// The class values of each slice's mask by the slice's number.
  private func masks() throws -> [Int: [Int]] {
    let text = try String(contentsOfFile: Fixtures.path("formats/expected.json"), encoding: .utf8)
    let series = try #require(try JSONValue(parsing: text).object?["series"]?.object)
    var result: [Int: [Int]] = [:]
    for member in series.members {
      result[(Int(member.key) ?? 0) - 30] = (member.value.array ?? []).compactMap(\.integer)
    }
    return result
  }

  private func writeSeries(images: String, masks: String) throws {
    for number in 0..<4 { try copy("series/slice\(number).dcm", "\(images)/slice\(number).dcm") }
    for name in ["first", "second"] { try copy("series/\(name).seg.dcm", "\(masks)/\(name).seg.dcm") }
  }

  @Test func `patients are groups, by number, and their names are nowhere`() throws {
    for number in 0..<4 {
      try copy("series/slice\(number).dcm", "data/\(number % 2 == 0 ? "a" : "b")/\(number).dcm")
    }
    // Archives write files without endings.
    try copy("series/slice3.dcm", "data/b/IM0004")
    let images = try ImageFolder.read(folder.file("data"))
    #expect(images.samples.map(\.group) == ["1", "1", "1", "2", "2"] && images.hasIntensities)
    let texts = [images.splitTable(relativeTo: folder.file("data")), "\(images)"]
    #expect(texts.allSatisfy { !$0.contains("P-17") && !$0.contains("Doe") })
  }

  @Test func `a DICOM segmentation finds its images, whatever it is called`() throws {
    try writeSeries(images: "data/images", masks: "data/masks")
    let images = try MaskFolder.read(folder.file("data"))
    let labels = try #require(images.masks)
    #expect(labels.classes.names == ["background", "cyst", "tumour"] && labels.classes.values == [0, 1, 2])
    #expect(images.samples.map(\.group) == ["1", "1", "1", "2"])
    let expected = try masks()
    for (number, sample) in images.samples.enumerated() {
      let mask = try #require(sample.mask).joined(labels.classes)
      #expect(mask.classes.map(Int.init) == expected[number], "slice \(number)")
    }
    // The third slice was looked at, and nothing was found.
    #expect(labels.strata[images.samples[2].label].isEmpty)
    #expect(try images.examined(threads: 2, isHashing: false).notes.isEmpty)
  }

  @Test func `a table names images and their segmentation`() throws {
    try writeSeries(images: ".", masks: ".")
    let rows = (0..<3).map { "slice\($0).dcm,first.seg.dcm" }
    let path = try folder.write("image,mask\n" + rows.joined(separator: "\n") + "\n", to: "list.csv")
    let images = try LabelledImages.masked(at: path, classes: nil, reading: ImageReading(), threads: 1)
    #expect(images.samples.count == 3 && images.samples.map(\.group) == ["1", "1", "1"])
    let foreign = try folder.write("image,mask\nslice0.dcm,second.seg.dcm\n", to: "foreign.csv")
    let error = try #require(throws: DatasetError.self) {
      try LabelledImages.masked(at: foreign, classes: nil, reading: ImageReading(), threads: 1)
    }
    #expect(error.message.contains("second.seg.dcm': no frame of the segmentation refers to '"))
    // A table that a run writes is read back, also where a segmentation found nothing.
    let again = try folder.write(images.splitTable(relativeTo: folder.path), to: "again.csv")
    let read = try LabelledImages.masked(
      at: again, classes: labels(images), reading: ImageReading(), threads: 1)
    #expect(read.samples.map(\.mask) == images.samples.map(\.mask))
  }

  private func labels(_ images: LabelledImages) -> MaskClasses? { images.masks?.classes }

  @Test func `a segmentation of other images is refused by name`() throws {
    try writeSeries(images: "data/images", masks: "data/masks")
    try FileManager.default.removeItem(atPath: folder.file("data/images/slice3.dcm"))
    let error = try #require(throws: DatasetError.self) { try MaskFolder.read(folder.file("data")) }
    #expect(error.message.contains("second.seg.dcm': the segmentation refers to no image of the folder"))
  }

  @Test func `volumes go with their masks slice by slice`() throws {
    try copy("las_int16.nii", "data/images/case.nii")
    try copy("las_mask.nii.gz", "data/masks/case.nii.gz")
    for (axis, count) in [(ImageReading.Axis.axial, 4), (.coronal, 5), (.sagittal, 6)] {
      let images = try MaskFolder.read(folder.file("data"), reading: ImageReading(axis: axis))
      #expect(images.samples.map(\.frame) == Array(0..<count))
      #expect(images.samples.allSatisfy { $0.mask?.files[0].frame == $0.frame })
      let spacing = try #require(images.samples[0].spacing)
      let wanted: [Double] =
        switch axis {
        case .axial: [1.5, 2]
        case .coronal: [3, 2]
        case .sagittal: [3, 1.5]
        }
      #expect(abs(spacing.rows - wanted[0]) < 1e-5 && abs(spacing.columns - wanted[1]) < 1e-5)
    }
    // A row of the whole file stands for the slices that no row names.
    let table = "image,mask\ncase.nii,case.nii.gz\ncase.nii#2,one.nii.gz#1\n"
    try copy("las_int16.nii", "case.nii")
    for name in ["case.nii.gz", "one.nii.gz"] { try copy("las_mask.nii.gz", name) }
    let listed = try LabelledImages.masked(at: try folder.write(table, to: "list.csv"))
    #expect(listed.samples.map(\.frame) == [0, 1, 3, 2])
    #expect(listed.samples.compactMap { $0.mask?.files[0].frame } == [0, 1, 3, 1])
    try copy("volumes.nii.gz", "data/images/case.nii")
    let other = try MaskFolder.read(folder.file("data"), reading: ImageReading(volume: 2))
    #expect(other.samples.allSatisfy { $0.reading.volume == 2 && $0.mask?.files[0].reading.volume == 0 })
    try copy("frames.dcm", "data/images/case.nii")
    let error = try #require(throws: DatasetError.self) { try MaskFolder.read(folder.file("data")) }
    #expect(error.message.contains("4 masks for the 3 images"))
  }
}
