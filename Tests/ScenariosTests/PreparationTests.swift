import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

/// What transformers' Pillow processors and timm's transforms make of small images (Tools/goldens/preprocessing.py).
private struct PreparationFixture: Sendable, CustomStringConvertible {
  let description: String
  /// Name and content of the file beside the model.
  let file: String
  let content: JSONObject
  let side: Int
  /// What 1/255 of a pixel's range makes per channel.
  let steps: [Double]

  static let folder = "preprocessing/"
  static let index =
    (try? JSONValue(
      parsing: String(contentsOfFile: FixtureFiles.path(folder + "index.json"), encoding: .utf8)))?
    .object ?? [:]
  static let images = (index["images"]?.array ?? []).compactMap(\.string)
  static let all = (index["cases"]?.array ?? []).compactMap { entry -> PreparationFixture? in
    guard let name = entry["name"]?.string, let file = entry["file"]?.string,
      let content = entry["content"]?.object, let side = entry["side"]?.integer,
      let steps = entry["steps"]?.array
    else { return nil }
    return PreparationFixture(
      description: name, file: file, content: content, side: side, steps: steps.compactMap(\.number))
  }

  /// Float [image, 3, side, side].
  func expected() throws -> [Float] {
    try NumPyArray.read(FixtureFiles.path(Self.folder + description + ".npy")).elements(of: Float.self)
  }
}

@Suite struct PreparationTests {
  @Test(arguments: PreparationFixture.all)
  fileprivate func `images are prepared as the file beside the model says`(fixture: PreparationFixture) throws
  {
    let folder = try TemporaryFolder()
    // Exporters put the network into a folder of its own, below the files that describe it.
    try folder.writeChannelMeans(to: "onnx/model.onnx", side: fixture.side)
    try folder.write(JSONValue.object(fixture.content).text(), to: fixture.file)
    for (index, name) in PreparationFixture.images.enumerated() {
      let image = try Data(contentsOf: URL(filePath: FixtureFiles.path("preprocessing/\(name).png")))
      try folder.write([UInt8](image), to: "images/test/\(index % 3)/\(name).png")
    }
    let result = try ToolProcess.run(
      ["evaluate", "onnx/model.onnx", "--data", "images", "--save-inputs", "out"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    let (expected, plane) = (try fixture.expected(), fixture.side * fixture.side)
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.file("out")) {
      let name = try #require(PreparationFixture.images.first { file.hasSuffix("_\($0).npy") })
      let index = try #require(PreparationFixture.images.firstIndex(of: name))
      let values = try NumPyArray.read(folder.file("out/" + file)).elements(of: Float.self)
      let largest = values.indices.map { position in
        let difference = abs(values[position] - expected[index * values.count + position])
        return Double(difference) / fixture.steps[position / plane]
      }.max()
      // The processors were given 16 bits rounded to 8, half a step; bicubic weights sum to more than 1 in magnitude.
      #expect(try #require(largest) <= (name == "grey16" ? 1.75 : 1), "\(name)")
    }
  }

  @Test func `there is a fixture for each processor, crop mode and interpolation`() {
    #expect(PreparationFixture.all.count == 54 && PreparationFixture.images.count == 6)
  }

  @Test(arguments: [
    ("preprocessor_config.json", "[]", "no JSON object"),
    ("config.json", #"{"pretrained_cfg":"#, "no JSON object"),
    ("config.json", #"{"pretrained_cfg": 7}"#, "pretrained_cfg 7"),
    ("preprocessor_config.json", #"{"resample": 7}"#, "resample 7"),
    ("preprocessor_config.json", #"{"size": {"shortest_edge": 8, "longest_edge": 9}}"#, "size"),
    ("preprocessor_config.json", #"{"size": {"height": 8, "width": 9}}"#, "9×8"),
    ("preprocessor_config.json", #"{"crop_size": {"height": 8, "width": 9}}"#, "crop_size"),
    ("preprocessor_config.json", #"{"do_resize": false}"#, "do_resize"),
    ("preprocessor_config.json", #"{"do_pad": true}"#, "do_pad"),
    ("preprocessor_config.json", #"{"do_flip_channel_order": true}"#, "do_flip_channel_order"),
    ("preprocessor_config.json", #"{"do_resize": "yes"}"#, "do_resize \"yes\""),
    ("preprocessor_config.json", #"{"rescale_factor": 0}"#, "rescale_factor 0"),
    ("preprocessor_config.json", #"{"image_mean": [123.7, 116.3, 103.5]}"#, "image_mean"),
    (
      "preprocessor_config.json", #"{"image_processor_type": "DonutImageProcessor"}"#,
      "image_processor_type \"DonutImageProcessor\""
    ),
    ("config.json", #"{"pretrained_cfg": {"interpolation": "random"}}"#, "interpolation \"random\""),
    ("config.json", #"{"pretrained_cfg": {"crop_mode": "fit"}}"#, "crop_mode \"fit\""),
    ("config.json", #"{"pretrained_cfg": {"input_size": [1, 8, 8]}}"#, "input_size [1,8,8]"),
    ("config.json", #"{"pretrained_cfg": {"mean": [123.7, 116.3, 103.5]}}"#, "mean"),
  ])
  func `what a side file says and dka does not do is refused by name`(
    file: String, content: String, reason: String
  ) throws {
    let folder = try TemporaryFolder()
    try folder.writeChannelMeans(to: "model.onnx", side: 8)
    try folder.write(content, to: file)
    let image = FixtureFiles.path("preprocessing/portrait.png")
    let result = try ToolProcess.run(["predict", "model.onnx", image], in: folder)
    #expect(result.code == 65 && result.errors.contains(file), "\(result.errors)")
    #expect(result.errors.replacing(", ", with: ",").contains(reason), "\(result.errors)")
    let complete = ["--resize", "8", "--crop", "8", "--interpolation", "box", "--mean", "0", "--std", "1"]
    let said = try ToolProcess.run(["predict", "model.onnx", image] + complete, in: folder)
    #expect(said.code == 0, "\(said.errors)")
  }

  @Test
  func `names of classes come from the file beside the model, unless they are nobody's or another head's`()
    throws
  {
    let folder = try TemporaryFolder()
    try folder.writeChannelMeans(to: "onnx/model.onnx", side: 8)
    try folder.write(#"{"id2label": {"0": "red", "2": "blue", "1": "green"}}"#, to: "config.json")
    let named = try ToolProcess.object(["inspect", "onnx/model.onnx"], in: folder)
    #expect(named["classes"] == JSONValue(["red", "green", "blue"]))
    for labels in [
      #"{"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}"#, #"{"0": "of", "1": "another head"}"#,
    ] {
      try folder.write("{\"id2label\": \(labels)}", to: "config.json")
      let unnamed = try ToolProcess.object(["inspect", "onnx/model.onnx"], in: folder)
      #expect(unnamed["classes"] == .null)
    }
  }

  @Test func `inspect says every field of the preprocessing`() throws {
    let folder = try TemporaryFolder()
    try folder.writeChannelMeans(to: "model.onnx", side: 8)
    try folder.write(
      #"{"size": 8, "crop_size": 8, "resample": 1, "image_mean": [0.5, 0.25, 0.5], "image_std": 0.5}"#,
      to: "preprocessor_config.json")
    let object = try ToolProcess.object(["inspect", "model.onnx"], in: folder)
    let expected: JSONObject = [
      "size": [8, 8], "resize": "shorter 8", "crop": 8, "interpolation": "lanczos", "mean": [0.5, 0.25, 0.5],
      "std": [0.5, 0.5, 0.5], "rescale": .number(1.0 / 255), "rounding": "transformers", "fill": nil,
      "pad": nil, "channels": 3, "source": "preprocessor_config.json",
    ]
    #expect(object["preprocessing"] == .object(expected))
  }
}
