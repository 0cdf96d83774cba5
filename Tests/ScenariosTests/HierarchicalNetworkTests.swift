import Foundation
import Graphs
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Swin transformers and residual convolutional networks, from the file to a trained one, with every verb on the way.
@Suite(.serialized) struct HierarchicalNetworkTests {
  private static let adapters = ["--dim", "2", "--kernels", "5,3"]
  static let fixtures = BackboneFixture.all.filter { fixture in
    [
      "torchvision_swin.ts17.dynamic.slim.onnx", "hf_swin_pad.dy18.dynamic.slim.onnx",
      "hf_swinv2.ts17.dynamic.slim.onnx", "hf_resnet.dy20.dynamic.onnx",
      "timm_resnetv2.dy18.dynamic.slim.onnx",
      "timm_resnext.ts17.dynamic.slim.onnx", "torchvision_resnet.ts17.dynamic.ort-extended.onnx",
      "torchvision_mobilenet.ts17.dynamic.onnx",
    ].contains(fixture.file)
  }

  @Test func `every family is among them`() {
    #expect(Set(Self.fixtures.compactMap(\.family)) == ["swin", "resnet", "mobilenet"])
    #expect(Self.fixtures.count == 8)
  }

  @Test(.enabled(if: Python.hasONNX), arguments: fixtures)
  func `all methods train it, and ONNX Runtime computes from each trained file what the tool does`(
    _ fixture: BackboneFixture
  ) throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let model = BackboneFixture.folder + "/" + fixture.file
    for (run, words) in [
      ("dka", Self.adapters), ("linear", ["--method", "linear"]), ("full", ["--method", "full"]),
    ] {
      let trained = try ToolProcess.run(
        [
          "train", model, "--data", "images", "-o", run, "--epochs", "2", "--batch", "4", "--lr-head", "1e-2",
        ] + words, in: folder)
      #expect(trained.code == 0, "\(trained.errors)")
      let resumed = try ToolProcess.run(["train", "--resume", run, "--epochs", "3"], in: folder)
      #expect(resumed.code == 0, "\(resumed.errors)")
      let measured = try ToolProcess.object(
        ["evaluate", "\(run)/model.onnx", "--data", "images", "--save-inputs", "\(run)/inputs"], in: folder)
      #expect(measured["classes"]?.array?.count == 3)
      let verified = try ToolProcess.run(["verify", "\(run)/model.onnx"], in: folder)
      #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
      let script = """
        import glob, sys, numpy, onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        images = numpy.concatenate([numpy.load(path).reshape(1, 3, 32, 32) for path in sorted(glob.glob(sys.argv[2] + "/*.npy"))])
        session = onnxruntime.InferenceSession(sys.argv[1], options)
        numpy.save(sys.argv[3], images)
        numpy.save(sys.argv[4], session.run(None, {session.get_inputs()[0].name: images})[0])
        """
      #expect(
        try Python.run(
          script, ["\(run)/model.onnx", "\(run)/inputs", "\(run)/x.npy", "\(run)/y.npy"].map(folder.file))
          == "")
      let computed = try ToolProcess.run(
        ["run", "\(run)/model.onnx", "--input", "\(run)/x.npy", "--output-dir", "\(run)/out", "--npy"],
        in: folder)
      #expect(computed.code == 0, "\(computed.errors)")
      try expectClose(
        try NumPyArray.read(folder.file("\(run)/out/output_0.npy")).doubles ?? [],
        try NumPyArray.read(folder.file("\(run)/y.npy")).doubles ?? [],
        .relativeToLargest(1e-4, reason: "ONNX Runtime sums in another order"))
    }
  }

  @Test(arguments: fixtures)
  func `bench, gradients and inspect take it`(_ fixture: BackboneFixture) throws {
    let folder = try TemporaryFolder()
    let model = BackboneFixture.folder + "/" + fixture.file
    for words in [[], ["--train"] + Self.adapters, ["--train", "--method", "full"]] {
      let object = try ToolProcess.object(
        ["bench", model, "--runs", "1", "--batch", "2"] + words, in: folder)
      #expect(object["runs"]?.integer == 1)
    }
    let inspected = try ToolProcess.object(["inspect", model], in: folder)
    #expect(inspected["family"]?.string == fixture.family)
    try NumPyArray.write(try Tensor(zeros: [2, 3, 32, 32], of: .float32), to: folder.file("x.npy"))
    let weight = try #require(inspected["head"]?["weight"]?.string)
    let result = try ToolProcess.run(
      ["gradients", model, "--input", "x.npy", "--wrt", weight, "--output-dir", "out"], in: folder)
    #expect(result.code == 0, "\(result.errors)")
  }

  /// Two real networks, with their preparation: each image's class is ONNX Runtime's on the same pixels.
  @Test(
    .enabled(if: SharedData.isPresent && Python.hasONNX),
    arguments: [
      [
        "resnet20_cifar10.onnx", "cifar10-sample", "--mean", "0.485,0.456,0.406", "--std",
        "0.229,0.224,0.225",
      ],
      [
        "mobilenet_v2_1.0_224.onnx", "imagenet-sample", "--mean", "0.5", "--std", "0.5", "--resize",
        "shorter 256",
        "--interpolation", "bilinear",
      ],
    ])
  func `real networks give ONNX Runtime's class on every sample image`(_ words: [String]) throws {
    let folder = try TemporaryFolder()
    let model = SharedData.path("weights/" + words[0])
    let labels = SharedData.path(words[1] + "/labels.csv")
    let preparation = Array(words[2...])
    let measured = try ToolProcess.object(
      ["evaluate", model, "--data", labels, "--save-inputs", "inputs"] + preparation, in: folder)
    let script = """
      import csv, glob, sys, numpy, onnxruntime
      session = onnxruntime.InferenceSession(sys.argv[1])
      name = session.get_inputs()[0].name
      rows = list(csv.DictReader(open(sys.argv[3])))
      paths = sorted(glob.glob(sys.argv[2] + "/*.npy"))
      assert len(paths) == len(rows)
      found = []
      for path in paths:
          image = numpy.load(path)
          found.append(int(session.run(None, {name: image.reshape(1, *image.shape[-3:])})[0].argmax()))
      right = sum(index == int(row["class_index"]) for index, row in zip(found, rows))
      print(right / len(rows), *found, sep=",", end="")
      """
    let answer = try Python.run(script, [model, folder.file("inputs"), labels]).split(separator: ",")
    let expected = answer.dropFirst().compactMap { Int($0) }
    let accuracy = try #require(measured["accuracy"]?.number)
    #expect(Double(answer[0]).map { abs($0 - accuracy) < 1e-9 } ?? false, "\(answer[0]) and \(accuracy)")
    let files = try String(contentsOfFile: labels, encoding: .utf8).split(whereSeparator: \.isNewline)
      .dropFirst().map {
        SharedData.path(words[1] + "/" + $0.prefix { $0 != "," })
      }
    #expect(files.count == expected.count && files.count >= 100)
    let predicted = try ToolProcess.object(["predict", model] + files + preparation, in: folder)
    #expect(predicted["predictions"]?.array?.compactMap { $0["index"]?.integer } == expected)
  }
}
