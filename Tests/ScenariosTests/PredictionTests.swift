import TensorFiles
import TestSupport
import Testing

/// What `predict` takes and gives.
@Suite struct PredictionTests {
  @Test func `folders, lists and tables stand for their images`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 0, test: 2)
    let images = folder.files(below: "images/test")
    try folder.write(images[0] + "\n\n" + images[3] + "\n", to: "list.txt")
    try folder.write(
      "who,file\nx,test/" + images[1].dropFirst("images/test/".count) + "\n", to: "images/table.csv")
    try folder.write([1], to: "images/test/normal/scan.webp")
    for (words, expected) in [
      (["images/test"], images), (["list.txt"], [images[0], images[3]]), (["images/table.csv"], [images[1]]),
      ([images[5], "list.txt", images[0]], [images[5], images[0], images[3], images[0]]),
    ] {
      let result = try ToolProcess.run(["predict", Scenario.transformer] + words + ["--json"], in: folder)
      #expect(result.code == 0, "\(result.errors)")
      #expect(try result.json()["predictions"]?.array?.compactMap { $0["image"]?.string } == expected)
      #expect(words != ["images/test"] || result.errors.contains("1 .webp file passed over"))
    }
  }

  @Test func `a table has every probability`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 0, test: 1)
    let words = ["predict", Scenario.transformer, "images/test", "--csv", "answers.csv"]
    let result = try ToolProcess.run(words, in: folder)
    #expect(result.code == 0, "\(result.errors)")
    let lines = try folder.text("answers.csv").split(separator: "\n").map { $0.split(separator: ",") }
    #expect(lines.count == 4 && lines.allSatisfy { $0.count == 8 })
    #expect(lines[0].prefix(3) == ["image", "class", "index"] && lines[0][3] == "probability_0")
    for row in lines.dropFirst() {
      let sum = row[3...].compactMap { Double($0) }.reduce(0, +)
      #expect(abs(sum - 1) < 1e-6)
    }
    #expect(try ToolProcess.run(words, in: folder).code == 64)
    #expect(try ToolProcess.run(words + ["--force"], in: folder).code == 0)
  }

  @Test func `a list that names what is not there costs those images`() throws {
    let folder = try TemporaryFolder()
    try folder.drawPhantoms(train: 0, test: 1)
    let image = folder.files(below: "images/test")[0]
    try folder.write("gone.png\n\(image)\n", to: "list.txt")
    let result = try ToolProcess.run(["predict", Scenario.transformer, "list.txt", "--json"], in: folder)
    #expect(result.code == 65 && result.errors.contains("line 1 of 'list.txt'"), "\(result.errors)")
    #expect(try result.json()["predictions"]?.array?.count == 1)
  }
}
