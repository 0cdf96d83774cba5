import Datasets
import Foundation
import Graphs
import Kernels
import ONNXFormat
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Training for masks, as a user of the tool does it.
@Suite(.serialized) struct SegmentationTests {
  /// Discs on noise: images of 40×32 pixels with masks 0 / 255, of which every fourth is empty.
  static func write(
    _ folder: TemporaryFolder, train: Int = 24, test: Int = 6, radii: Range<Int> = 5..<9
  ) throws {
    for (part, count) in [("train", train), ("test", test)] {
      for number in 0..<count {
        var state = UInt64(number * 2 + (part == "test" ? 1 : 0)) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func random(_ limit: Int) -> Int {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return Int(state >> 33) % limit
        }
        let (row, column, radius) = (
          8 + random(16), 8 + random(24), number % 4 == 3 ? 0 : radii.lowerBound + random(radii.count)
        )
        var pixels: [UInt8] = []
        var mask: [UInt8] = []
        for y in 0..<32 {
          for x in 0..<40 {
            let isInside = (y - row) * (y - row) + (x - column) * (x - column) < radius * radius
            pixels.append(UInt8((isInside ? 170 : 60) + random(40)))
            mask.append(isInside ? 255 : 0)
          }
        }
        for (kind, bytes) in [("images", pixels), ("masks", mask)] {
          try folder.write(
            PNGCoder.encode(Image(width: 40, height: 32, channels: 1, bytes: bytes)),
            to: "data/\(part)/\(kind)/\(part)\(number).png")
        }
      }
    }
  }

  private static let options = [
    "--data", "data", "--task", "segmentation", "--dim", "8", "--batch", "4", "--lr-head", "3e-3",
    "--lr-adapter", "3e-3",
  ]

  private func expectDone(_ words: [String], in folder: TemporaryFolder) throws {
    let result = try ToolProcess.run(words, in: folder)
    #expect(result.code == 0, "\(words): \(result.errors)")
  }

  @Test(arguments: Processor.availableLevels())
  func `discs are found with each kind of kernels`(level: Processor.Level) throws {
    let folder = try TemporaryFolder()
    try Self.write(folder)
    let report = try ToolProcess.object(
      [
        "train", Scenario.transformer, "-o", "run", "--data", "data", "--task", "segmentation", "--head",
        "linear", "--dim", "8", "--batch", "4", "--epochs", "100", "--validation-share", "0", "--augment",
        "flip", "--lr-head", "1e-2", "--cpu", level.name,
      ], in: folder)
    let dice = try #require(report["test"]?["dice_foreground"]?.number)
    #expect(dice > 0.6, "\(dice)")
  }

  @Test func `train, evaluate, predict, apply and verify masks`() throws {
    let folder = try TemporaryFolder()
    // Larger than the network's patches of 8 pixels: then what is learnt hardly depends on how kernels round.
    try Self.write(folder, radii: 9..<14)
    let words = [
      "train", Scenario.transformer, "-o", "run", "--epochs", "60", "--validation-share", "0", "--data",
      "data",
      "--task", "segmentation", "--dim", "8", "--batch", "4", "--lr-head", "1e-3", "--lr-adapter", "1e-3",
      "--loss", "dice",
    ]
    let report = try ToolProcess.object(words, in: folder)
    let test = try #require(report["test"]?.object)
    #expect(test["classes"]?.array?.compactMap(\.string) == ["background", "foreground"])
    let dice = try #require(test["dice_foreground"]?.number)
    #expect(dice > 0.6, "\(dice)")
    #expect(test["images"]?.integer == 6)
    let difference = try #require(report["export_difference"]?.number)
    #expect(difference < 1e-5)

    let measured = try ToolProcess.object(
      [
        "evaluate", "run/model.onnx", "--data", "data", "--csv", "figures.csv", "--overlays", "worst",
      ], in: folder)
    #expect(measured["dice_foreground"] == test["dice_foreground"])
    #expect(measured["hd95"] == test["hd95"])
    #expect(measured["images_empty"] == test["images_empty"])
    let rows = try String(contentsOfFile: folder.file("figures.csv"), encoding: .utf8).split(separator: "\n")
    #expect(rows.count == 7)
    let pictures = try FileManager.default.contentsOfDirectory(atPath: folder.file("worst"))
    #expect(pictures.count >= 4)

    let answer = try ToolProcess.object(
      ["predict", "run/model.onnx", "data/test/images", "-o", "answers", "--probabilities"], in: folder)
    let predictions = answer["predictions"]?.array?.compactMap(\.object) ?? []
    #expect(predictions.count == 6)
    for prediction in predictions {
      let path = try #require(prediction["mask"]?.string)
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder.file(path))))
      let mask = try ImageFile.decode(bytes, named: path)
      #expect((mask.width, mask.height) == (40, 32))
      let scores = try #require(prediction["probabilities"]?.string)
      let probabilities = try NumPyArray.read(folder.file(scores))
      #expect(probabilities.shape.extents == [2, 32, 40])
    }
    // Masks that were predicted are masks that can be read again, with the values of the training masks.
    let again = try ToolProcess.run(
      ["predict", "run/model.onnx", "data/test/images", "-o", "answers"], in: folder)
    #expect(again.errors.contains("--force"))

    try expectDone(
      ["apply", Scenario.transformer, "--adapter", "run/adapter", "-o", "again.onnx"], in: folder)
    #expect(
      FileManager.default.contentsEqual(
        atPath: folder.file("again.onnx"), andPath: folder.file("run/model.onnx")))
    let verified = try ToolProcess.object(["verify", "run/model.onnx"], in: folder)
    #expect(verified["valid"]?.bool == true)
  }

  @Test func `a run for masks resumes with the same bits, and its split is read again`() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder, train: 12, test: 3)
    let whole =
      ["train", Scenario.transformer, "-o", "whole", "--epochs", "3", "--head", "linear"] + Self.options
    try expectDone(whole, in: folder)
    let part =
      ["train", Scenario.transformer, "-o", "part", "--epochs", "2", "--head", "linear"] + Self.options
    try expectDone(part, in: folder)
    try expectDone(["train", "--resume", "part", "--epochs", "3"], in: folder)
    #expect(
      FileManager.default.contentsEqual(
        atPath: folder.file("whole/adapter/adapter_model.safetensors"),
        andPath: folder.file("part/adapter/adapter_model.safetensors")))
    let again = try ToolProcess.object(
      ["evaluate", "whole/model.onnx", "--data", "whole/split.csv"], in: folder)
    let summary = try JSONValue(
      parsing: [UInt8](Data(contentsOf: URL(filePath: folder.file("whole/summary.json")))))
    #expect(again["dice_foreground"] == summary["test"]?["dice_foreground"])

    // Another mask is another data set.
    let path = "data/train/masks/train0.png"
    try folder.write(
      [UInt8](Data(contentsOf: URL(filePath: folder.file("data/train/masks/train1.png")))), to: path)
    let refused = try ToolProcess.run(["train", "--resume", "part", "--epochs", "4"], in: folder)
    #expect(refused.code != 0)
    #expect(refused.errors.contains("the images are not those that the run began with"))
  }

  @Test func `larger images are cut into tiles, and a second output gives the classes`() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder, train: 8, test: 2)
    let words = ["train", Scenario.transformer, "-o", "run", "--epochs", "2", "--with-argmax"] + Self.options
    _ = try ToolProcess.object(words, in: folder)
    let seen = try ToolProcess.object(["inspect", "run/model.onnx"], in: folder)
    let outputs = try #require(seen["outputs"]?.array)
    #expect(outputs.map { $0["name"]?.string } == ["logits", "mask"])
    #expect(outputs.last?["type"]?.string == "int64")
    try expectDone(
      ["apply", Scenario.transformer, "--adapter", "run/adapter", "-o", "again.onnx"], in: folder)
    #expect(
      FileManager.default.contentsEqual(
        atPath: folder.file("again.onnx"), andPath: folder.file("run/model.onnx")))

    // Images of 40×32 pixels are wider than the network's 32: two tiles side by side.
    let whole = try ToolProcess.object(["evaluate", "run/model.onnx", "--data", "data"], in: folder)
    let tiled = try ToolProcess.object(
      ["evaluate", "run/model.onnx", "--data", "data", "--tiles", "0.5"], in: folder)
    #expect(tiled["images"] == whole["images"])
    #expect(tiled["loss"] != whole["loss"])
    try expectDone(
      ["predict", "run/model.onnx", "data/test/images", "-o", "tiled", "--tiles", "0"], in: folder)
    let refused = try ToolProcess.run(
      ["predict", Scenario.transformer, "data/test/images", "--tiles", "0.5"], in: folder)
    #expect(refused.code == 64)
    #expect(refused.errors.contains("answer with masks"))
  }

  @Test func `training measures in tiles where it is to`() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder, train: 16, test: 2)
    func trained(_ name: String, _ words: [String]) throws -> (report: JSONObject, validation: [Double]) {
      let result = try ToolProcess.run(
        ["train", Scenario.transformer, "-o", name, "--epochs", "2", "--head", "linear", "--json"]
          + Self.options + words,
        in: folder)
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.errors.contains(words.isEmpty ? "measured are whole images" : "measured are tiles"))
      let lines = try folder.text("\(name)/metrics.jsonl").split(separator: "\n")
      return (
        try result.json(),
        try lines.map { try #require(try JSONValue(parsing: String($0))["validation"]?["loss"]?.number) }
      )
    }
    let (whole, tiled) = (try trained("whole", []), try trained("tiled", ["--tiles", "0.5"]))
    #expect(tiled.validation.count == 2 && whole.validation != tiled.validation)
    let measured = try ToolProcess.object(
      ["evaluate", "tiled/model.onnx", "--data", "data", "--tiles", "0.5"], in: folder)
    for key in ["loss", "iou", "dice", "hd95"] {
      #expect(measured[key] != nil && tiled.report["test"]?[key] == measured[key], "\(key)")
    }
    #expect(whole.report["test"]?["loss"] != measured["loss"])
    try expectDone(["train", "--resume", "tiled", "--epochs", "3"], in: folder)
    let other = try ToolProcess.run(["train", "--resume", "tiled", "--tiles", "0"], in: folder)
    #expect(other.code == 65 && other.errors.contains("tiles"), "\(other.errors)")
    let classes = try ToolProcess.run(
      ["train", Scenario.transformer, "--data", "data", "-o", "x", "--tiles", "0.5"], in: folder)
    #expect(classes.code == 64 && classes.errors.contains("--tiles is there for --task segmentation"))
  }

  @Test func `a file of masks trains further, and a Segmenter of other classes gets a new head`()
    throws
  {
    let folder = try TemporaryFolder()
    try Self.write(folder, train: 8, test: 2)
    try expectDone(["train", Scenario.transformer, "-o", "run", "--epochs", "1"] + Self.options, in: folder)
    let further = try ToolProcess.run(
      [
        "train", "run/model.onnx", "-o", "further", "--epochs", "1", "--data", "data", "--task",
        "segmentation",
      ],
      in: folder)
    #expect(further.code == 0, "\(further.errors)")
    #expect(further.errors.contains("its head is trained further"))
    #expect(further.errors.contains("4 adapter modules"))
    let segmenter = Scenario.fixture("segmenter/segmenter_mask.ts17.dynamic.onnx")
    let fresh = try ToolProcess.run(
      ["train", segmenter, "-o", "fresh", "--epochs", "1"] + Self.options, in: folder)
    #expect(fresh.code == 0, "\(fresh.errors)")
    #expect(!fresh.errors.contains("its head is trained further"))
    // A class that is named and that no training mask holds is refused, whatever the file tells apart.
    let four = Self.options + ["--mask-classes", "background=0,foreground=255,b=1,c=2"]
    let missing = try ToolProcess.run(["train", segmenter, "-o", "kept", "--epochs", "1"] + four, in: folder)
    #expect(missing.errors.contains("no training mask holds classes 'b', 'c'"))
  }

  @Test func `a Segmenter of as many classes as the masks keeps its decoder, and trains it`() throws {
    let folder = try TemporaryFolder()
    for (part, count) in [("train", 4), ("test", 2)] {
      for number in 0..<count {
        // Four quarters, a class each.
        var (mask, pixels): ([UInt8], [UInt8]) = ([], [])
        for pixel in 0..<1024 {
          let label = pixel / 512 * 2 + pixel % 32 / 16
          mask.append(UInt8(label))
          pixels.append(UInt8(60 * label + number))
        }
        for (kind, bytes) in [("images", pixels), ("masks", mask)] {
          try folder.write(
            PNGCoder.encode(Image(width: 32, height: 32, channels: 1, bytes: bytes)),
            to: "data/\(part)/\(kind)/\(part)\(number).png")
        }
      }
    }
    let segmenter = Scenario.fixture("segmenter/segmenter_mask.ts17.dynamic.onnx")
    let kept = try ToolProcess.run(
      ["train", segmenter, "-o", "kept", "--epochs", "1"] + Self.options, in: folder)
    #expect(kept.code == 0, "\(kept.errors)")
    #expect(kept.errors.contains("its head is trained further"))
    let before = try ONNXFile.read(segmenter).graph
    let after = try ONNXFile.read(folder.file("kept/model.onnx")).graph
    #expect(!after.nodes.contains { $0.name.hasPrefix("head/") })
    let (start, end) = (before.tensorsByName, after.tensorsByName)
    let decoder = start.keys.filter { $0.hasPrefix("decoder.") }
    let encoder = start.keys.filter { $0.hasPrefix("encoder.") }
    #expect(decoder.count == 24 && encoder.count == 22)
    for name in decoder {
      #expect(!(try #require(end[name]).isIdentical(to: try #require(start[name]))), "\(name)")
    }
    for name in encoder {
      #expect(try #require(end[name]).isIdentical(to: try #require(start[name])), "\(name)")
    }
  }

  @Test func `cross-validation tests every mask once`() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder, train: 12, test: 3)
    let object = try ToolProcess.object(
      [
        "train", Scenario.transformer, "-o", "cv", "--epochs", "2", "--head", "linear",
        "--cross-validation", "3",
      ] + Self.options, in: folder)
    #expect(object["pooled"]?["images"]?.integer == 15)
    #expect(object["dice_foreground_mean"]?.number != nil)
  }

  @Test func `images and masks that cannot be read are listed together`() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder, train: 4, test: 2)
    try folder.write(Array("no image".utf8), to: "data/train/images/train1.png")
    try folder.write(Array("no mask".utf8), to: "data/test/masks/test0.png")
    let result = try ToolProcess.run(["train", Scenario.transformer, "-o", "run"] + Self.options, in: folder)
    #expect(result.code == 65)
    #expect(result.errors.contains("1 of 6 images and 1 of 6 masks cannot be read"), "\(result.errors)")
    #expect(result.errors.contains("train1.png': neither PNG"))
    #expect(result.errors.contains("test0.png': neither PNG"))
  }

  @Test func `what does not fit is refused by name`() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder, train: 4, test: 2)
    func refused(_ words: [String]) throws -> ToolResult {
      try ToolProcess.run(["train", Scenario.transformer, "-o", "run"] + words, in: folder)
    }
    let classes = try refused(Self.options + ["--mask-classes", "background=0,lesion=1"])
    #expect(classes.code == 65)
    #expect(classes.errors.contains("values outside the classes background=0,lesion=1: 255"))
    let never = try refused(Self.options + ["--mask-classes", "background=0,lesion=255,scar=3"])
    #expect(never.code == 65)
    #expect(never.errors.contains("no training mask holds class 'scar'"))
    let weights = try refused(Self.options + ["--class-weights", "1,2,3"])
    #expect(weights.code == 64)
    #expect(weights.errors.contains("3 class weights for 2 classes"))
    let foreign = try refused(["--data", "data", "--head", "linear"])
    #expect(foreign.code == 64)
    #expect(foreign.errors.contains("--head is there for --task segmentation"))
    let text = try refused(Self.options + ["--mask-classes", "lesion"])
    #expect(text.code == 64)
    #expect(text.errors.contains("background=0,benign=1"))
  }
}

extension Graph {
  /// The initializers by name.
  fileprivate var tensorsByName: [String: Tensor] {
    Dictionary(initializers.compactMap { initializer in initializer.tensor.map { (initializer.name, $0) } }) {
      $1
    }
  }
}
