import Foundation
import Graphs
import ONNXFormat
import TensorFiles
import TestSupport
import Testing

/// Training on what hospitals have: volumes, and a DICOM series with its segmentation.
@Suite(.serialized) struct MedicalImageTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A NIfTI-1 file of bytes whose axes run to the right, the front and the head.
  private func volume(_ extents: [Int], _ voxel: (Int, Int, Int) -> UInt8) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 352)
    func put(_ value: Int, at place: Int) {
      (header[place], header[place + 1]) = (UInt8(value & 255), UInt8(value >> 8))
    }
    func put(_ value: Float, at place: Int) {
      for byte in 0..<4 {
        header[place + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32(byte)))
      }
    }
    put(348, at: 0)
    for (index, extent) in ([3] + extents + [1, 1, 1, 1]).enumerated() { put(extent, at: 40 + 2 * index) }
    put(2, at: 70)
    put(8, at: 72)
    for (axis, distance) in [Float(1), 0.5, 0.5, 2].enumerated() { put(distance, at: 76 + 4 * axis) }
    put(Float(352), at: 108)
    put(1, at: 254)
    for (row, distance) in [Float(0.5), 0.5, 2].enumerated() { put(distance, at: 280 + 20 * row) }
    header.replaceSubrange(344..<347, with: Array("n+1".utf8))
    var voxels: [UInt8] = []
    for z in 0..<extents[2] {
      for y in 0..<extents[1] { for x in 0..<extents[0] { voxels.append(voxel(x, y, z)) } }
    }
    return header + voxels
  }

  /// Volumes of 36×32×10 voxels with a bright ball each, and their masks.
  private func writeVolumes() throws {
    for (part, count) in [("train", 3), ("test", 2)] {
      for number in 0..<count {
        let (cx, cy) = (12 + 4 * number, 20 - 3 * number)
        func isInside(_ x: Int, _ y: Int, _ z: Int) -> Bool {
          (x - cx) * (x - cx) + (y - cy) * (y - cy) + 4 * (z - 4) * (z - 4) < 64
        }
        try folder.write(
          volume([36, 32, 10]) {
            UInt8((isInside($0, $1, $2) ? 180 : 40) + ($0 * 7 + $1 * 13 + $2 * 5) % 30)
          },
          to: "data/\(part)/images/case\(number).nii")
        try folder.write(
          volume([36, 32, 10]) { isInside($0, $1, $2) ? 1 : 0 }, to: "data/\(part)/masks/case\(number).nii")
      }
    }
  }

  @Test func `train, evaluate and predict on volumes`() throws {
    try writeVolumes()
    let report = try ToolProcess.object(
      [
        "train", Scenario.transformer, "--data", "data", "--task", "segmentation", "-o", "run", "--dim", "8",
        "--epochs",
        "12", "--batch", "5", "--lr-head", "3e-3", "--lr-adapter", "3e-3", "--validation-share", "0",
      ], in: folder)
    #expect(report["test"]?["images"]?.integer == 20)
    let figures = try ToolProcess.object(["evaluate", "run/model.onnx", "--data", "data"], in: folder)
    let volumes = try #require(figures["volumes"]?.array)
    #expect(volumes.count == 2 && volumes.allSatisfy { $0["slices"]?.integer == 10 })
    #expect(
      volumes.map { $0["image"]?.string } == ["data/test/images/case0.nii", "data/test/images/case1.nii"])
    #expect(
      figures["dice_per_volume"]?.number != nil
        && figures["dice_per_image"] == report["test"]?["dice_per_image"])
    // Pixels are half a millimetre apart.
    if let pixels = figures["hd95"]?.number, let millimetres = figures["hd95_mm"]?.number {
      #expect(abs(millimetres - pixels / 2) < 1e-9)
    } else {
      #expect(figures["hd95_mm"] == .null && figures["hd95"] == .null)
    }
    let answers = try ToolProcess.object(
      ["predict", "run/model.onnx", "data/test/images", "-o", "masks"], in: folder)
    let predictions = try #require(answers["predictions"]?.array)
    #expect(predictions.map { $0["mask"]?.string } == ["masks/case0_mask.nii", "masks/case1_mask.nii"])
    let mask = Array(try folder.bytes("masks/case0_mask.nii"))
    let image = Array(try folder.bytes("data/test/images/case0.nii"))
    // Extents, distances and the matrix are those of the volume.
    for range in [40..<56, 80..<92, 252..<328] { #expect(Array(mask[range]) == Array(image[range])) }
    #expect(mask.count == 352 + 36 * 32 * 10 && mask[352...].allSatisfy { $0 < 2 })
    // What was measured is what the file holds.
    let truth = Array(try folder.bytes("data/test/masks/case0.nii"))
    let pairs = zip(mask[352...], truth[352...]).map { (Int($0), Int($1)) }
    let both = pairs.reduce(0) { $0 + $1.0 * $1.1 }
    let sum = pairs.reduce(0) { $0 + $1.0 + $1.1 }
    let dice = try #require(volumes[0]["dice"]?.array?[1].number)
    #expect(abs(dice - Double(2 * both) / Double(sum)) < 1e-9)
    let slice = try ToolProcess.object(
      ["predict", "run/model.onnx", "data/test/images/case0.nii#4", "-o", "slice"], in: folder)
    #expect(slice["predictions"]?.array?.map { $0["mask"]?.string } == ["slice/case0_4_mask.png"])
  }

  @Test func `a model remembers how its images were made`() throws {
    try writeVolumes()
    let words = [
      "train", Scenario.transformer, "--data", "data", "--task", "segmentation", "--dim", "8", "--epochs",
      "1", "--batch",
      "8", "--validation-share", "0", "--lr-head", "1e-3",
    ]
    let run = try ToolProcess.run(
      words + ["-o", "run", "--axis", "coronal", "--window", "100,160"], in: folder)
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.errors.contains("a window of 160.0 around 100.0"))
    let shown = try ToolProcess.object(["inspect", "run/model.onnx"], in: folder)
    let preparation = try #require(shown["preprocessing"]?.object)
    #expect(preparation["window"]?.string == "100.0 160.0" && preparation["axis"]?.string == "coronal")
    let figures = try ToolProcess.object(["evaluate", "run/model.onnx", "--data", "data"], in: folder)
    #expect(figures["images"]?.integer == 64)
    let resumed = try ToolProcess.run(["train", "--resume", "run", "--epochs", "2"], in: folder)
    #expect(resumed.code == 0, "\(resumed.errors)")
    let refused = try ToolProcess.run(
      ["train", "--resume", "run", "--epochs", "3", "--axis", "axial"], in: folder)
    #expect(refused.code == 65 && refused.errors.contains("axis"), "\(refused.errors)")
    for bad in [["--window", "40"], ["--window", "40,0"], ["--axis", "oblique"], ["--volume", "-1"]] {
      let result = try ToolProcess.run(words + ["-o", "x"] + bad, in: folder)
      #expect(result.code == 64 && result.errors.contains(bad[0]), "\(result.errors)")
    }
  }

  @Test func `nothing that is written tells who a patient is`() throws {
    let source = FixtureFiles.path("formats/series")
    for (file, target) in [
      ("slice0.dcm", "train/images"), ("slice1.dcm", "train/images"), ("slice2.dcm", "train/images"),
      ("first.seg.dcm", "train/masks"), ("slice3.dcm", "test/images"), ("second.seg.dcm", "test/masks"),
    ] {
      let bytes = Array(try Data(contentsOf: URL(filePath: source + "/" + file)))
      try folder.write(bytes, to: "data/\(target)/\(file)")
    }
    let report = try ToolProcess.object(
      [
        "train", Scenario.transformer, "--data", "data", "--task", "segmentation", "-o", "run", "--dim", "8",
        "--epochs",
        "1", "--validation-share", "0", "--lr-head", "1e-3",
      ], in: folder)
    #expect(report["test"]?["classes"]?.array?.compactMap(\.string) == ["background", "cyst", "tumour"])
    let split = try folder.text("run/split.csv")
    #expect(split.contains(",1") && split.contains(",2"))
    let result = try ToolProcess.run(
      ["predict", "run/model.onnx", "data/train/images", "-o", "masks", "--csv", "answers.csv", "--verbose"],
      in: folder)
    #expect(result.code == 0, "\(result.errors)")
    // Of the short ones numbers have the bytes by chance.
    let long = ["Doe^Jane", "19500101"]
    let secrets = long + ["P-17", "P-4", "Doe", "Jane"]
    let written = folder.allFiles(below: "run") + folder.allFiles(below: "masks") + ["answers.csv"]
    #expect(["run/model.onnx", "run/config.json", "run/images.sha256"].allSatisfy(written.contains))
    for name in written {
      let bytes = Array(try folder.bytes(name))
      let holdsNumbers = [".onnx", ".safetensors", ".png"].contains(where: name.hasSuffix)
      for secret in holdsNumbers ? long : secrets {
        #expect(bytes.firstRange(of: Array(secret.utf8)) == nil, "\(name): \(secret)")
      }
    }
    for entry in try ONNXFile.read(folder.file("run/model.onnx")).metadata {
      #expect(secrets.allSatisfy { !entry.value.contains($0) }, "\(entry.key)")
    }
    #expect(secrets.allSatisfy { !(result.output + result.errors).contains($0) })
  }

  @Test func `a file that breaks its decoder costs itself`() throws {
    let source = FixtureFiles.path("formats")
    for name in [
      "ct_window.dcm", "truncated.dcm", "no_pixels.dcm", "rgb16.png", "tiles.tif", "color.bmp",
      "las_int16.nii",
    ] {
      try folder.write(Array(try Data(contentsOf: URL(filePath: source + "/" + name))), to: "images/" + name)
    }
    let result = try ToolProcess.run(
      ["predict", Scenario.transformer, "images", "--json"], in: folder)
    #expect(result.code == 65)
    #expect(try result.json()["predictions"]?.array?.count == 8)
    #expect(result.errors.contains("truncated.dcm': cannot be decoded as DICOM: the file ends too early"))
    #expect(result.errors.contains("try: leave the file out: it holds no image"))
    let hidden = try ToolProcess.run(["decoding-process"], in: folder)
    #expect(hidden.code == 64)
  }
}
