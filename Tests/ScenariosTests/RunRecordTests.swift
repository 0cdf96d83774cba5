import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite(.serialized) struct RunRecordTests {
  private func object(_ name: String, in folder: TemporaryFolder) throws -> JSONObject {
    try #require(try JSONValue(parsing: try folder.text(name)).object)
  }

  /// Keys of every option that the help of `train` names, without those that say how one invocation talks.
  private func optionsOfHelp(in folder: TemporaryFolder) throws -> [String] {
    let help = try ToolProcess.run(["train", "--help"], in: folder).output
    let options = help.split(separator: "\n").compactMap { line in
      line.split(whereSeparator: \.isWhitespace).prefix(2).first { $0.hasPrefix("--") }.map(String.init)
    }
    return Set(options.map { String($0.dropFirst(2)).replacing("-", with: "_") })
      .subtracting(["config", "json", "quiet", "verbose", "color", "resume"]).sorted()
  }

  @Test func `the files of a run hold every option, and the values in force`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 10, test: 2)
    let result = try ToolProcess.run(training("--epochs", "1"), in: folder)
    try #require(result.code == 0, "\(result.errors)")
    let options = try optionsOfHelp(in: folder)
    try #require(options.contains("lr_head") && options.count > 30)
    let configuration = try object("run/config.json", in: folder)
    let summary = try object("run/summary.json", in: folder)
    for (given, inForce) in [
      (configuration, configuration["in_force"]?.object),
      (try #require(summary["options"]?.object), summary["in_force"]?.object),
    ] {
      for option in options {
        #expect(given[option] != nil && inForce?[option] != nil, "\(option)")
      }
      #expect(given["lr_head"] == .null && inForce?["lr_head"] == .number(1e-4))
      #expect(given["validation_share"] == .null && inForce?["validation_share"] == .number(0.1))
      #expect(given["threads"] == 2 && inForce?["threads"] == 2 && inForce?["placement"] == "both")
      #expect(inForce?["image_size"] == 32 && inForce?["mean"]?.array?.count == 3)
    }
    for record in [configuration["provenance"], summary["provenance"]] {
      for key in ["version", "model_sha256", "data_sha256", "preprocessing"] { #expect(record?[key] != nil) }
    }
  }

  @Test func `a learning rate that was searched for is in the configuration, and a run goes on with it`()
    throws
  {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 10, test: 2)
    let words = ["train", Scenario.transformer, "--data", "images", "-o", "run", "--method", "linear"]
    #expect(try ToolProcess.run(words + ["--epochs", "2"], in: folder).code == 0)
    let first = try object("run/config.json", in: folder)
    let rate = try object("run/summary.json", in: folder)["learning_rates"]?["head"]
    #expect(first["lr_head"] == .null && rate != nil && first["in_force"]?["lr_head"] == rate)
    #expect(try ToolProcess.run(["train", "--resume", "run", "--epochs", "3"], in: folder).code == 0)
    #expect(try object("run/config.json", in: folder)["in_force"]?["lr_head"] == rate)
  }

  @Test func `a run folder without open options and values in force is gone on with`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    #expect(try ToolProcess.run(training("--epochs", "1"), in: folder).code == 0)
    var old = JSONObject()
    for member in try object("run/config.json", in: folder).members
    where member.value != .null && member.key != "in_force" { old[member.key] = member.value }
    try folder.write(JSONValue.object(old).text(), to: "run/config.json")
    let resumed = try ToolProcess.run(["train", "--resume", "run", "--epochs", "2"], in: folder)
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try object("run/summary.json", in: folder)["epochs"] == 2)
  }

  @Test func `the configuration of a run starts another one`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 4, test: 2)
    #expect(try ToolProcess.run(training("--epochs", "1"), in: folder).code == 0)
    let again = try ToolProcess.run(["train", "--config", "run/config.json", "-o", "again"], in: folder)
    #expect(again.code == 0, "\(again.errors)")
    #expect(try folder.bytes("run/model.onnx") == folder.bytes("again/model.onnx"))
  }
}
