import Foundation
import Graphs
import ONNXFormat
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct RunFolderTests {
  private func withImages() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    return folder
  }

  @Test func `a second process in a run folder is refused and told who works there`() throws {
    let folder = try withImages()
    let first = try ToolProcess.start(training("--epochs", "100000"), in: folder)
    while first.isRunning, !folder.exists("run/checkpoint.safetensors") { usleep(2000) }
    let second = try ToolProcess.run(training("--epochs", "100000", "--resume"), in: folder)
    first.interrupt()
    let result = try first.wait()
    #expect(second.code == 1)
    #expect(
      second.errors.contains("'run' is in use by process \(first.identifier) since 20"), "\(second.errors)")
    #expect(result.code == 130, "\(result.errors)")
    #expect(!folder.exists("run/.lock"))
  }

  @Test func `two processes on different folds of one run are two processes in one run folder`() throws {
    let folder = try withImages()
    try FileManager.default.createDirectory(
      atPath: folder.file("run"), withIntermediateDirectories: true)
    try withExtendedLifetime(try FolderLock.take(in: folder.file("run"))) {
      let result = try ToolProcess.run(training("--epochs", "1", "--folds", "2"), in: folder)
      #expect(result.code == 1 && result.errors.contains("in use by process \(getpid())"), "\(result.errors)")
    }
  }

  @Test func `a folder that cannot be locked is used, and that is said`() throws {
    let folder = try withImages()
    try FileManager.default.createDirectory(
      atPath: folder.file("run/.lock"), withIntermediateDirectories: true)
    let result = try ToolProcess.run(training("--epochs", "1"), in: folder)
    #expect(result.code == 0 && result.errors.contains("'run' cannot be locked here"), "\(result.errors)")
  }

  @Test(arguments: [false, true])
  func `a folder in which nothing was finished takes a new run and a resumed one`(isResumed: Bool) throws {
    let folder = try withImages()
    try folder.write(#"{"epoch":1,"loss":1.0,"seconds":0.1}"# + "\n", to: "run/metrics.jsonl")
    for name in [".checkpoint.safetensors.1.0.tmp", "adapter/.adapter_config.json.1.3.tmp"] {
      try folder.write("x", to: "run/" + name)
    }
    let result = try ToolProcess.run(
      training("--epochs", "1") + (isResumed ? ["--resume"] : []), in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("no epoch was finished in 'run'") == isResumed)
    #expect(try folder.text("run/metrics.jsonl").split(separator: "\n").count == 1)
    #expect(folder.leftovers(in: "run") == [])
  }

  @Test func `a folder with a model and without a checkpoint is another's`() throws {
    let folder = try withImages()
    try folder.write("x", to: "run/model.onnx")
    #expect(try ToolProcess.run(training("--epochs", "1"), in: folder).code == 64)
    #expect(try ToolProcess.run(training("--epochs", "1", "--resume"), in: folder).code == 66)
    #expect(try folder.text("run/model.onnx") == "x")
  }

  @Test(arguments: ["images", "images/run", "images/../images/train", "./images/new/run"])
  func `a run folder does not lie among the images`(_ run: String) throws {
    let folder = try withImages()
    let result = try ToolProcess.run(training("--epochs", "1", into: run), in: folder)
    #expect(
      result.code == 64 && result.errors.contains("lies in the folder that is read"), "\(result.errors)")
    #expect(!folder.exists("images/run") && !folder.exists("images/new"))
  }

  @Test func `inject never writes onto its input, and onto another file by force only`() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Scenario.transformer, toPath: folder.file("m.onnx"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link.onnx"), withDestinationPath: folder.file("m.onnx"))
    let before = try folder.bytes("m.onnx")
    for output in ["m.onnx", "./m.onnx", "link.onnx"] {
      let result = try ToolProcess.run(["inject", "m.onnx", "-o", output, "--force"], in: folder)
      #expect(result.code == 64 && result.errors.contains("is the input"), "\(result.errors)")
    }
    #expect(try folder.bytes("m.onnx") == before)
    try folder.write("mine", to: "other.onnx")
    let refused = try ToolProcess.run(["inject", "m.onnx", "-o", "other.onnx"], in: folder)
    #expect(refused.code == 64 && refused.errors.contains("--force"), "\(refused.errors)")
    #expect(try folder.text("other.onnx") == "mine")
    let forced = try ToolProcess.run(["inject", "m.onnx", "-o", "other.onnx", "--force"], in: folder)
    #expect(forced.code == 0, "\(forced.errors)")
  }

  @Test func `outputs of run do not replace its inputs`() throws {
    let folder = try TemporaryFolder()
    let fixture = Scenario.fixture("gradients/both-float32")
    try FileManager.default.copyItem(atPath: fixture + "/input.npy", toPath: folder.file("output_0.npy"))
    for input in ["output_0.npy", "input=output_0.npy"] {
      let result = try ToolProcess.run(
        ["run", fixture + "/model.onnx", "--input", input, "--output-dir", ".", "--npy"], in: folder)
      #expect(result.code == 64 && result.errors.contains("is the input"), "\(result.errors)")
    }
  }

  @Test(arguments: ["run", "gradients", "conformance", "evaluate", "phantoms"])
  func `results that exist already are replaced by force only`(_ verb: String) throws {
    let folder = try TemporaryFolder()
    let fixture = Scenario.fixture("gradients/both-float32")
    let words: [String]
    let result: String
    switch verb {
    case "run", "gradients":
      words =
        [verb, fixture + "/model.onnx", "--input", fixture + "/input.npy", "--npy", "--output-dir", "out"]
        + (verb == "run" ? [] : ["--wrt", "input"])
      result = verb == "run" ? "out/output_0.npy" : "out/input.npy"
    case "conformance":
      try folder.writeChannelMeans(to: "case/model.onnx", side: 2)
      let image = try Tensor(zeros: Shape([1, 3, 2, 2]), of: .float32)
      let input = try folder.write([], to: "case/test_data_set_0/input_0.pb")
      try TensorProtoFile.write(TensorConstant(name: "image", image), to: input)
      words = [verb, "case", "--output-dir", "out"]
      result = "out/case/test_data_set_0/output_0.pb"
    case "evaluate":
      try folder.drawPhantoms(train: 0, test: 2)
      try folder.writeChannelMeans(to: "means.onnx", side: 32)
      words = [verb, "means.onnx", "--data", "images", "--save-inputs", "out"]
      result = "out/00003_malignant_0002.npy"
    default:
      words = [verb, "--side", "16", "--train", "1", "--test", "0", "-o", "out"]
      result = "out/train/normal/normal_0001.png"
    }
    try folder.write("mine", to: result)
    let refused = try ToolProcess.run(words, in: folder)
    #expect(refused.code == 64 && refused.errors.contains("'\(result)' exists already"), "\(refused.errors)")
    #expect(refused.errors.contains("--force"), "\(refused.errors)")
    #expect(try folder.text(result) == "mine")
    let forced = try ToolProcess.run(words + ["--force"], in: folder)
    #expect(forced.code == 0, "\(forced.errors)")
    #expect(try folder.text(result) != "mine")
    // The verb's own results are refused like others.
    #expect(try ToolProcess.run(words, in: folder).code == 64)
  }

  @Test func `gradients that would be written as one file are refused`() throws {
    let folder = try TemporaryFolder()
    let result = try ToolProcess.run(
      ["gradients", Scenario.transformer, "--wrt", "a/b,a_b", "--output-dir", "out"], in: folder)
    #expect(result.code == 64 && result.errors.contains("'a/b' and 'a_b'"), "\(result.errors)")
  }

  @Test func `outputs of conformance do not replace what they are compared with`() throws {
    let folder = try TemporaryFolder()
    try folder.write("suite/case\n", to: "suite/list.txt")
    try folder.write("x", to: "suite/case/model.onnx")
    for words in [["suite"], ["--list", "suite/list.txt"]] {
      let result = try ToolProcess.run(["conformance", "--output-dir", "./suite"] + words, in: folder)
      #expect(result.code == 64 && result.errors.contains("lies in the folder"), "\(result.errors)")
    }
  }

  @Test func `preprocessed images are not saved among the images`() throws {
    let folder = try withImages()
    let result = try ToolProcess.run(
      ["evaluate", Scenario.transformer, "--data", "images", "--save-inputs", "images/x"], in: folder)
    #expect(result.code == 64 && !folder.exists("images/x"), "\(result.errors)")
  }

  @Test func `names out of files do not act on the terminal`() throws {
    let folder = try withImages()
    try FileManager.default.moveItem(
      atPath: folder.file("images/train/benign"), toPath: folder.file("images/train/b\u{1B}[2Jn"))
    try FileManager.default.moveItem(
      atPath: folder.file("images/test/benign"), toPath: folder.file("images/test/b\u{1B}[2Jn"))
    let trained = try ToolProcess.run(training("--epochs", "1"), in: folder)
    let tested = try ToolProcess.run(["evaluate", "run/model.onnx", "--data", "images"], in: folder)
    for text in [trained.errors, trained.output, tested.errors, tested.output] {
      #expect(!text.contains("\u{1B}"))
    }
    #expect(trained.errors.contains(#"b\u{1b}[2Jn"#) && tested.output.contains(#"b\u{1b}[2Jn"#))
  }

  @Test func `files beside the model that describe it are never overwritten`() throws {
    let folder = try withImages()
    let base = try Data(contentsOf: URL(filePath: Scenario.transformer))
    try folder.write([UInt8](base), to: "model/vit.onnx")
    let text = #"{"image_mean": 0.5, "image_std": 0.5}"#
    for name in ["config.json", "preprocessor_config.json"] { try folder.write(text, to: "model/" + name) }
    let trained = try ToolProcess.run(
      ["train", "model/vit.onnx", "--data", "images", "-o", "model", "--epochs", "1"], in: folder)
    #expect(trained.code == 64 && trained.errors.contains("model/config.json"), "\(trained.errors)")
    let injected = try ToolProcess.run(
      ["inject", "model/vit.onnx", "-o", "model/preprocessor_config.json", "--force"], in: folder)
    #expect(injected.code == 64 && injected.errors.contains("preprocessor_config.json"), "\(injected.errors)")
    #expect(try folder.text("model/config.json") == text)
    #expect(try folder.text("model/preprocessor_config.json") == text)
  }

  @Test func `a config.json that no run wrote keeps a run out of its folder`() throws {
    let folder = try withImages()
    try folder.write(#"{"mine": 1}"#, to: "run/config.json")
    let result = try ToolProcess.run(training("--epochs", "1"), in: folder)
    #expect(result.code == 64 && result.errors.contains("was not written by a run"), "\(result.errors)")
    #expect(try folder.text("run/config.json") == #"{"mine": 1}"#)
  }

  @Test func `inject makes no tensors for which the memory limit has no room`() throws {
    let folder = try TemporaryFolder()
    for words in [["--classes", "900000"], ["--dim", "65536"]] {
      let result = try ToolProcess.run(
        ["inject", Scenario.transformer, "-o", "out.onnx", "--memory", "20MB"] + words, in: folder)
      #expect(result.code == 64 || result.code == 1, "\(result.errors)")
      #expect(result.errors.contains("--memory"), "\(result.errors)")
      #expect(!folder.exists("out.onnx"))
    }
  }
}

extension TemporaryFolder {
  /// Temporary files and locks below a folder.
  func leftovers(in name: String) -> [String] {
    (FileManager.default.enumerator(atPath: file(name))?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".tmp") || $0.hasSuffix(".lock") }
  }
}
