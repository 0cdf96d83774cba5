import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct MainJobTests {
  private func expectKeys(
    _ keys: [String], in object: JSONObject?, _ what: String, _ location: SourceLocation = #_sourceLocation
  ) {
    let missing = keys.filter { object?[$0] == nil }
    #expect(missing == [], "keys of \(what)", sourceLocation: location)
  }

  static let metrics = ["images", "classes", "accuracy", "macro_f1", "macro_recall", "auroc", "confusion"]

  @Test func `inspect tells everything that CLI promises`() throws {
    let folder = try TemporaryFolder()
    let object = try ToolProcess.object(["inspect", Scenario.transformer], in: folder)
    expectKeys(
      [
        "family", "variant", "opset", "ir_version", "producer", "inputs", "outputs", "operators",
        "parameters",
        "preprocessing", "classes", "blocks", "head", "methods", "unsupported", "mismatches", "candidates",
      ], in: object, "inspect")
    #expect(object["family"]?.string == "vit")
    expectKeys(["size", "mean", "std", "source"], in: object["preprocessing"]?.object, "preprocessing")
    expectKeys(["node", "weight", "features", "classes"], in: object["head"]?.object, "head")
    let block = try #require(object["blocks"]?.array?.first?.object)
    expectKeys(["index", "stage", "points"], in: block, "block")
    expectKeys(
      ["placement", "value", "layout", "grid", "channels", "prefix_tokens"],
      in: block["points"]?.array?.first?.object, "point")
    expectKeys(["name", "type", "shape"], in: object["inputs"]?.array?.first?.object, "input")
  }

  @Test(arguments: ["both", "both-shared", "block", "before-add", "parallel"])
  func `inject writes a valid model that starts as the original`(_ placement: String) throws {
    let folder = try TemporaryFolder()
    let object = try ToolProcess.object(
      ["inject", Scenario.transformer, "-o", "adapted.onnx", "--placement", placement], in: folder)
    expectKeys(
      [
        "method", "modules", "trainable_parameters", "head_parameters", "total_parameters", "points",
        "output",
        "identical_at_start", "new_head",
      ], in: object, "inject")
    #expect(object["identical_at_start"]?.bool == true)
    #expect(object["new_head"]?.bool == false)
    let verified = try ToolProcess.object(["verify", "adapted.onnx"], in: folder)
    expectKeys(["valid", "problems"], in: verified, "verify")
    #expect(verified["valid"]?.bool == true)
  }

  @Test func `train writes a run whose model evaluates, predicts, verifies and runs`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms()
    let trained = try ToolProcess.object(training("--epochs", "2"), in: folder)
    expectKeys(
      [
        "run", "model", "adapter", "epochs", "best_epoch", "test", "validation", "trainable_parameters",
        "seconds",
        "peak_bytes", "seed", "interrupted",
      ], in: trained, "train")
    expectKeys(Self.metrics, in: trained["test"]?.object, "test")
    #expect(trained["epochs"]?.integer == 2)
    for name in ["model.onnx", "metrics.jsonl", "config.json", "checkpoint.safetensors", "adapter"] {
      #expect(folder.exists("run/" + name), "\(name)")
    }
    #expect(try folder.text("run/metrics.jsonl").split(separator: "\n").count == 2)

    let evaluated = try ToolProcess.object(
      ["evaluate", "run/model.onnx", "--data", "images", "--save-inputs", "inputs"], in: folder)
    expectKeys(Self.metrics, in: evaluated, "evaluate")
    #expect(evaluated["accuracy"] == trained["test"]?.object?["accuracy"])
    #expect(evaluated["classes"]?.array?.compactMap(\.string) == ["benign", "malignant", "normal"])
    let inputs = (try? FileManager.default.contentsOfDirectory(atPath: folder.file("inputs")))?.sorted() ?? []
    #expect(inputs.count == 12)

    let images = folder.files(below: "images/test")
    let predicted = try ToolProcess.object(["predict", "run/model.onnx"] + images, in: folder)
    let predictions = (predicted["predictions"]?.array ?? []).compactMap(\.object)
    #expect(predictions.count == 12)
    for prediction in predictions {
      expectKeys(["image", "class", "index", "probabilities"], in: prediction, "prediction")
      let sum = (prediction["probabilities"]?.array ?? []).compactMap(\.number).reduce(0, +)
      #expect(abs(sum - 1) < 1e-6)
    }
    let right = predictions.count { prediction in
      let (image, name) = (prediction["image"]?.string ?? "", prediction["class"]?.string ?? "?")
      return image.contains("/\(name)/")
    }
    #expect(Double(right) / 12 == evaluated["accuracy"]?.number)

    let verified = try ToolProcess.object(
      ["verify", "run/model.onnx", "--against", "run/model.onnx", "--data", "images"], in: folder)
    expectKeys(
      ["valid", "problems", "largest_difference", "relative_difference", "images"], in: verified, "verify")
    #expect(verified["largest_difference"]?.number == 0)

    let first = try #require(inputs.first)
    let run = try ToolProcess.run(
      ["run", "run/model.onnx", "--input", "inputs/" + first, "--output-dir", "out", "--npy"], in: folder)
    #expect(run.code == 0, "\(run.errors)")
    let logits = try #require(try NumPyArray.read(folder.file("out/output_0.npy")).doubles)
    #expect(logits.count == 3)
  }

  @Test(arguments: ["linear", "full"])
  func `the other methods train and export`(_ method: String) throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    let trained = try ToolProcess.object(
      [
        "train", Scenario.transformer, "--data", "images", "-o", "run", "--method", method, "--epochs", "1",
        "--threads", "2", "--augment", "none",
      ], in: folder)
    let count = try #require(trained["trainable_parameters"]?.integer)
    #expect(method == "linear" ? count == 0 : count > 10_000)
    #expect(try ToolProcess.object(["verify", "run/model.onnx"], in: folder)["valid"]?.bool == true)
  }

  @Test func `bench tells everything that CLI promises`() throws {
    let folder = try TemporaryFolder()
    for words in [["--batch", "2"], ["--train", "--method", "dka", "--batch", "2"]] {
      let object = try ToolProcess.object(["bench", Scenario.transformer, "--profile"] + words, in: folder)
      expectKeys(
        [
          "mode", "batch", "precision", "threads", "runs", "seconds", "images_per_second", "load_seconds",
          "peak_bytes", "flops", "gflops", "machine_gflops", "share_of_peak", "operators", "rules",
        ], in: object, "bench")
      expectKeys(["median", "min", "max"], in: object["seconds"]?.object, "seconds")
      expectKeys(
        ["operator", "kernel", "phase", "calls", "seconds", "gflops", "gbytes_per_second"],
        in: object["operators"]?.array?.first?.object, "operator")
      expectKeys(["rule", "applied", "failure"], in: object["rules"]?.array?.first?.object, "rule")
    }
  }

  @Test func `a training step's profile names the phase, and the kernel of attention`() throws {
    let folder = try TemporaryFolder()
    let object = try ToolProcess.object(
      ["bench", Scenario.transformer, "--profile", "--train", "--runs", "1"], in: folder)
    let operators = (object["operators"]?.array ?? []).compactMap(\.object)
    #expect(Set(operators.compactMap { $0["phase"]?.string }) == ["forward", "backward", "update"])
    let attentions = operators.filter { $0["operator"]?.string?.contains("FusedAttention") == true }
    #expect(attentions.count == 2)
    #expect(attentions.allSatisfy { $0["kernel"]?.string == "fast" })
  }

  @Test func `inspect --verbose tells what each rule fuses, in text and as JSON`() throws {
    let folder = try TemporaryFolder()
    let words = ["inspect", Scenario.transformer, "--verbose"]
    let rules = try ToolProcess.object(words, in: folder)["rules"]?.array ?? []
    let attention = rules.compactMap(\.object).first { $0["rule"]?.string == "fuse attention" }
    let count = try #require(attention?["applied"]?.integer)
    #expect(count > 0)
    #expect(try ToolProcess.run(words, in: folder).output.contains("rule         fuse attention: \(count)"))
    #expect(try ToolProcess.object(["inspect", Scenario.transformer], in: folder)["rules"] == nil)
  }

  @Test func `gradients are written under the names asked for`() throws {
    let folder = try TemporaryFolder()
    let fixture = Scenario.fixture("gradients/both-float32")
    let result = try ToolProcess.run(
      [
        "gradients", fixture + "/model.onnx", "--input", fixture + "/input.npy", "--wrt",
        "dka/0/mlp/up,input", "--output-dir", "out",
      ], in: folder)
    #expect(result.code == 0, "\(result.errors)")
    #expect(folder.exists("out/dka_0_mlp_up.pb"))
    #expect(folder.exists("out/input.pb"))
  }

  @Test func `a configuration file stands for options, and the command line goes first`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    try folder.write(
      #"{"epochs": 1, "seed": 11, "dim": 2, "kernels": "3,none", "batch": 4}"#, to: "options.json")
    let trained = try ToolProcess.object(
      [
        "train", Scenario.transformer, "--data", "images", "-o", "run", "--config", "options.json", "--seed",
        "5",
      ], in: folder)
    #expect(trained["epochs"]?.integer == 1)
    #expect(trained["seed"]?.integer == 5)
    // Four modules of 2 · 24 · 2 + 2 · 9 numbers.
    #expect(trained["trainable_parameters"]?.integer == 456)
    let written = try #require(try JSONValue(parsing: try folder.text("run/config.json")).object)
    #expect(written["batch"]?.integer == 4)
    let again = try ToolProcess.object(
      [
        "train", Scenario.transformer, "--data", "images", "-o", "again", "--config", "run/config.json",
      ], in: folder)
    #expect(again["trainable_parameters"]?.integer == 456)
    #expect(try folder.bytes("again/model.onnx") == folder.bytes("run/model.onnx"))
  }
}
