import Datasets
import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Real files of hospitals' formats against what pydicom, nibabel and Pillow see in them.
@Suite(.enabled(if: SharedData.isPresent)) struct SharedFormatTests {
  private static func expected(_ prefix: String) throws -> [(file: String, facts: JSONObject)] {
    let text = try String(contentsOfFile: SharedData.path("formats/expected.json"), encoding: .utf8)
    let object = try #require(try JSONValue(parsing: text).object)
    return object.members.filter { $0.key.hasPrefix(prefix) }.compactMap { member in
      member.value.object.map { (member.key, $0) }
    }
  }

  /// The values of all frames of a file, through a window wide enough to give them back.
  private func values(_ file: String, frames: Int?, _ reading: ImageReading) throws -> (
    images: [Image], values: [Double]
  ) {
    let path = SharedData.path("formats/" + file)
    var images: [Image] = []
    for frame in 0..<(frames ?? 1) {
      images.append(
        try ImageFile.read(
          Sample(path: path, frame: frames == nil ? nil : frame, reading: reading, label: 0, index: frame)))
    }
    let window = reading.window
    let values = images.flatMap { image -> [Double] in
      switch image.samples {
      case .bytes(let bytes): return bytes.map(Double.init)
      case .floats(let floats):
        guard let window, image.channels == 1 else { return floats.map { Double($0) * 65535 } }
        return floats.map { (Double($0) - 0.5) * (window.width - 1) + window.center - 0.5 }
      }
    }
    return (images, values)
  }

  @Test func `DICOM files have the stored values that pydicom sees`() throws {
    let wide = ImageReading(window: ImageReading.Window(center: 0.5, width: 262_145))
    let files = try Self.expected("dicom/")
    #expect(files.count >= 31)
    for (file, facts) in files {
      guard facts["decode_error"] == nil else { continue }
      let frames = facts["frames"]?.integer ?? 1
      let (images, found) = try values(file, frames: frames > 1 ? frames : nil, wide)
      let photometric = facts["photometric"]?.string ?? ""
      if photometric == "PALETTE COLOR" {
        #expect(images[0].channels == 3)
        continue
      }
      let (slope, intercept) = (facts["RescaleSlope"]?.number ?? 1, facts["RescaleIntercept"]?.number ?? 0)
      let isInverted = photometric == "MONOCHROME1"
      var stored = found.map { value in
        images[0].channels == 3 ? value : ((isInverted ? -value : value) - intercept) / slope
      }
      let syntax = facts["transfer_syntax"]?.string ?? ""
      let isLossy =
        syntax.hasPrefix("JPEG Baseline") || syntax.hasPrefix("JPEG Extended")
        || syntax == "JPEG 2000 Image Compression"
      // Colours are rounded once here and once there; what is stored are integers, which the window gives back to 1/64.
      let isConverted = photometric.hasPrefix("YBR")
      if !isLossy { stored = stored.map { $0.rounded() } }
      let (mean, extremes) = isLossy ? (0.1, 2.0) : isConverted ? (0.02, 1.0) : (6e-5, 0)
      for (name, value) in [("stored_min", stored.min()), ("stored_max", stored.max())] {
        let wanted = try #require(facts[name]?.number)
        let found = try #require(value)
        #expect(abs(found - wanted) <= extremes, "\(file) \(name): \(found), expected \(wanted)")
      }
      let average = stored.reduce(0, +) / Double(stored.count)
      let wanted = try #require(facts["stored_mean"]?.number)
      #expect(abs(average - wanted) <= mean, "\(file) mean: \(average), expected \(wanted)")
    }
  }

  @Test func `DICOM files that pydicom rejects are decoded or refused with the reason`() throws {
    for (file, facts) in try Self.expected("dicom/") where facts["decode_error"] != nil {
      let path = SharedData.path("formats/" + file)
      guard file != "dicom/JPEG-lossy.dcm" else {
        #expect(try ImageFile.read(path).width == 256)
        continue
      }
      let error = try #require(throws: DatasetError.self) { try ImageFile.read(path) }
      #expect(error.failureCode == .badData && error.message.contains(file), "\(error.message)")
    }
  }

  @Test func `NIfTI volumes have the values and axes that nibabel sees`() throws {
    for (file, facts) in try Self.expected("nifti/") {
      let shape = (facts["shape"]?.array ?? []).compactMap(\.integer)
      let header = try #require(
        ImageFormats.standard.contents(ofFile: SharedData.path("formats/" + file))?.volume, "\(file)")
      #expect(header.orientation.name == facts["axes"]?.string, "\(file)")
      let (least, largest) = (
        try #require(facts["scaled_min"]?.number), try #require(facts["scaled_max"]?.number)
      )
      let window = ImageReading.Window(
        center: (least + largest) / 2 + 0.5, width: (largest - least) * 1.01 + 1)
      var all: [Double] = []
      for volume in 0..<shape.dropFirst(3).reduce(1, *) {
        let reading = ImageReading(window: window, volume: volume)
        all += try values(file, frames: SliceGeometry(header, along: .axial).count, reading).values
      }
      #expect(all.count == shape.reduce(1, *), "\(file)")
      let tolerance = (largest - least) * 1e-6
      let (lowest, highest) = (try #require(all.min()), try #require(all.max()))
      #expect(abs(lowest - least) <= tolerance && abs(highest - largest) <= tolerance, "\(file)")
      let mean = all.reduce(0, +) / Double(all.count)
      #expect(abs(mean - (facts["scaled_mean"]?.number ?? 0)) <= tolerance + 1e-3, "\(file): \(mean)")
    }
  }

  @Test func `TIFF and BMP files have Pillow's mean`() throws {
    for (file, facts) in try Self.expected("tiff/") {
      let (images, found) = try values(file, frames: nil, ImageReading())
      let image = images[0]
      let means = (facts["mean"]?.array ?? []).compactMap(\.number)
      // Of 16-bit colours Pillow keeps the upper eight bits.
      let is16BitColor = image.channels == 3 && found.max() ?? 0 > 255
      for (channel, wanted) in means.enumerated() {
        let values = stride(from: channel, to: found.count, by: image.channels).map { position in
          is16BitColor ? (found[position].rounded() / 256).rounded(.down) : found[position]
        }
        let mean = values.reduce(0, +) / Double(values.count)
        #expect(abs(mean - wanted) < 0.01, "\(file) channel \(channel): \(mean), expected \(wanted)")
      }
    }
  }
}
