import DKATool
import TensorFiles
import Testing

private func parse(_ words: [String], configuration: String = "{}") throws -> ParsedArguments {
  var parser = ArgumentParser(SampleVerb.self) { _ in Array(configuration.utf8) }
  return try parser.parse(words)
}

struct ArgumentTests {
  @Test func `values arrive with their types, defaults where nothing is given`() throws {
    let arguments = try parse(["m.onnx", "-o", "run"])
    #expect(arguments[SampleVerb.model] == "m.onnx")
    #expect(arguments[SampleVerb.output] == "run")
    #expect(arguments[SampleVerb.images] == [])
    #expect(arguments[SampleVerb.epochs] == 100)
    #expect(arguments[SampleVerb.task] == .classification)
    #expect(arguments[SampleVerb.kernels] == [51, 5])
    #expect(arguments[SampleVerb.rate] == nil)
    #expect(arguments[SampleVerb.fold] == false)
    #expect(arguments[CommonOptions.threads] == nil)
    #expect(!arguments.isGiven(SampleVerb.epochs))
  }

  @Test(arguments: [
    ("1000", 1000), ("4GB", 4_000_000_000), ("500MiB", 500 << 20), ("1.5gib", 3 << 29), ("2k", 2000),
    ("7b", 7), ("2Ti", 2 << 40),
  ])
  func `a size is read with its unit`(_ text: String, _ bytes: Int) throws {
    #expect(try parse(["m", "-o", "r", "--memory", text])[CommonOptions.memory] == bytes)
  }

  @Test(arguments: ["0", "-1", "GB", "4XB", "1e9GB", "nan", "99999999999TB", "4 GB"])
  func `what is no size is refused`(_ text: String) {
    #expect(throws: UsageError.self) { try parse(["m", "-o", "r", "--memory=\(text)"]) }
  }

  @Test func `every way of writing an option is understood`() throws {
    let arguments = try parse([
      "--input", "a", "--epochs=3", "-o=run", "--input=b=c", "--lr-head", "1e-3", "--kernels", "7,3",
      "--fold",
      "--blocks", "0-3,8", "--cpu", "avx2", "--task=segmentation", "--", "--strange.onnx",
    ])
    #expect(arguments[SampleVerb.images] == ["a", "b=c"])
    #expect(arguments[SampleVerb.epochs] == 3)
    #expect(arguments[SampleVerb.output] == "run")
    #expect(arguments[SampleVerb.rate] == 0.001)
    #expect(arguments[SampleVerb.kernels] == [7, 3])
    #expect(arguments[SampleVerb.fold])
    #expect(arguments[SampleVerb.blocks] == "0-3,8")
    #expect(arguments[CommonOptions.processor] == .avx2)
    #expect(arguments[SampleVerb.task] == .segmentation)
    #expect(arguments[SampleVerb.model] == "--strange.onnx")
  }

  @Test(arguments: [
    ([], "MODEL is missing: the ONNX file"),
    (["m"], "--output DIR is missing: where results go"),
    (["m", "x", "-o", "r"], "unexpected argument 'x'; dka sample takes MODEL"),
    (["m", "--epoch", "3"], "unknown option '--epoch'; did you mean '--epochs'?"),
    (["m", "--drop-out=0"], "unknown option '--drop-out'; did you mean '--dropout'?"),
    (["m", "-epochs", "3"], "unknown option '-epochs'; did you mean '--epochs'?"),
    (["m", "--zzz"], "unknown option '--zzz'"),
    (["m", "-x"], "unknown option '-x'"),
    (["m", "--epochs"], "--epochs needs a value: --epochs N"),
    (["m", "--epochs", "--", "3"], "--epochs needs a value: --epochs N"),
    (
      ["m", "-o", "--fold"],
      "--output needs a value but '--fold' follows; a value that begins with a dash is written --output=--fold"
    ),
    (["m", "-o", "r", "--epochs", "0"], "--epochs: '0' is not a whole number from 1 to 1000"),
    (["m", "-o", "r", "--epochs", "-5"], "--epochs: '-5' is not a whole number from 1 to 1000"),
    (
      ["m", "-o", "r", "--epochs", "99999999999999999999"],
      "--epochs: '99999999999999999999' is not a whole number from 1 to 1000"
    ),
    (["m", "-o", "r", "--epochs=3", "--epochs=5"], "--epochs is given twice: '3' and '5'"),
    (
      ["m", "-o", "r", "--task", "segmentatoin"],
      "--task: 'segmentatoin' is not one of classification, segmentation; did you mean 'segmentation'?"
    ),
    (["m", "-o", "r", "--dropout", "1"], "--dropout: '1' is not a number from 0 to below 1"),
    (["m", "-o", "r", "--lr-head", "nan"], "--lr-head: 'nan' is not a number above 0"),
    (["m", "-o", "r", "--lr-head", "1e999"], "--lr-head: '1e999' is not a number above 0"),
    (
      ["m", "-o", "r", "--kernels", "51,,5"],
      "--kernels: '51,,5' is not a list of values separated by commas such as 51,5, each 1 to 255"
    ),
    (["m", "-o", "r", "--fold=yes"], "--fold: 'yes' is not true or false"),
    (["m", "-o", ""], "--output: '' is not a path of a folder"),
    (["m", "-o", "r", "-q", "-v"], "--quiet and --verbose exclude each other"),
    (["m", "-o", "r", "--threads", "0"], "--threads: '0' is not a whole number from 1 to 1024"),
    (
      ["m", "-o", "r", "--cpu", "avx"],
      "--cpu: 'avx' is not one of auto, avx512, avx2, portable; did you mean 'avx2'?"
    ),
  ])
  func `a wrong command line is refused by name`(words: [String], expected: String) {
    let error = #expect(throws: UsageError.self) { try parse(words) }
    #expect(error?.message == expected)
    #expect(error?.hint == "dka sample --help")
  }

  @Test(arguments: [
    (["m", "-o", "r"], OptionalText.absent), (["m", "-o", "r", "--again"], .alone),
    (["-o", "r", "--again", "m"], .alone), (["--again", "m", "--output=r"], .alone),
    (["m", "--again", "-o", "r"], .alone), (["m", "--again", "r"], .value("r")),
    (["--again=r", "m"], .value("r")), (["m", "--again=true", "-o", "r"], .alone),
    (["m", "--again=false", "-o", "r"], .absent),
  ])
  func `an option may stand alone, and does beside the one that says what its value would`(
    words: [String], expected: OptionalText
  ) throws {
    let arguments = try parse(words)
    #expect(arguments[SampleVerb.again] == expected)
    #expect(arguments[SampleVerb.model] == "m" && arguments[SampleVerb.output] == "r")
  }

  @Test func `a file that the arguments imply fills in what neither they nor --config give`() throws {
    var parser = ArgumentParser(SampleVerb.self) { path in
      Array(
        (path == "r/config.json"
          ? #"{"model": "m", "output": "x", "epochs": 3, "fold": true, "dropout": 0.5}"# : #"{"dropout": 0}"#)
          .utf8)
    }
    let arguments = try parser.parse(["--again", "r", "--epochs", "2", "--config", "c.json"])
    #expect(arguments[SampleVerb.model] == "m" && arguments[SampleVerb.output] == "r")
    #expect(arguments[SampleVerb.epochs] == 2 && arguments[SampleVerb.dropout] == 0)
    #expect(arguments[SampleVerb.fold])
  }

  @Test func `what a run says of its origin is passed over in a configuration`() throws {
    let arguments = try parse(
      ["m", "-o", "r", "--config", "c"], configuration: #"{"epochs": 2, "provenance": {"version": "1"}}"#)
    #expect(arguments[SampleVerb.epochs] == 2)
  }

  @Test func `a configuration file fills in what the command line leaves out`() throws {
    let text =
      #"{"epochs": 7, "lr-head": 1e-4, "kernels": [9, 3], "fold": true, "input": ["a", "b"], "dropout": null}"#
    let arguments = try parse(["m", "-o", "r", "--config", "c.json", "--epochs", "2"], configuration: text)
    #expect(arguments[SampleVerb.epochs] == 2)
    #expect(arguments[SampleVerb.rate] == 1e-4)
    #expect(arguments[SampleVerb.kernels] == [9, 3])
    #expect(arguments[SampleVerb.fold])
    #expect(arguments[SampleVerb.images] == ["a", "b"])
    #expect(arguments[SampleVerb.dropout] == 0.1)
    let unfolded = try parse(["m", "-o", "r", "--config", "c", "--fold=false"], configuration: text)
    #expect(!unfolded[SampleVerb.fold])
  }

  @Test(arguments: [
    (#"{"epoch": 7}"#, "'c.json', key 'epoch': no such option; did you mean 'epochs'?"),
    (#"{"epochs": "many"}"#, "'c.json', key 'epochs': 'many' is not a whole number from 1 to 1000"),
    (#"{"epochs": 1.5}"#, "'c.json', key 'epochs': '1.5' is not a whole number from 1 to 1000"),
    (#"{"epochs": {}}"#, "'c.json', key 'epochs': found an object, expected a value for --epochs"),
    (#"{"fold": []}"#, "'c.json', key 'fold': found an empty array, expected true or false"),
    (#"{"lr-head": 1, "lr_head": 2}"#, "'c.json', key 'lr_head': the option is set twice"),
    (#"{"config": "d.json"}"#, "'c.json', key 'config': no such option"),
    ("[]", "'c.json' holds an array, expected an object with option names as keys"),
  ])
  func `a wrong configuration file is refused by key`(text: String, expected: String) {
    let error = #expect(throws: UsageError.self) {
      try parse(["m", "-o", "r", "--config", "c.json"], configuration: text)
    }
    #expect(error?.message == expected)
  }

  @Test func `what is recorded reads back as the same configuration`() throws {
    let first = try parse([
      "m.onnx", "-o", "run", "--lr-head", "0.1", "--blocks", "0-3", "--input", "a", "--kernels", "9",
    ])
    let text = JSONValue.object(first.configuration).text()
    #expect(
      text
        == #"{"model":"m.onnx","output":"run","input":["a"],"epochs":100,"task":"classification","kernels":[9],"#
        + #""dropout":0.1,"lr_head":0.1,"blocks":"0-3","fold":false,"cpu":"auto"}"#)
    let second = try parse(["--config", "c"], configuration: text)
    #expect(second.configuration == first.configuration)
  }

  @Test(arguments: [
    ("trian", "train"), ("eval", "evaluate"), ("inpsect", "inspect"), ("x", nil), ("completely-else", nil),
    (String(repeating: "a", count: 100_000), nil),
  ])
  func `only a close word is suggested`(word: String, expected: String?) {
    #expect(Suggestion.closest(to: word, among: ["inspect", "train", "evaluate"]) == expected)
  }
}
