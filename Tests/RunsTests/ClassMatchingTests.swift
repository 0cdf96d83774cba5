import Datasets
import Runs
import Tensors
import Testing

@Suite struct ClassMatchingTests {
  private static let names = ["benign", "malignant", "normal"]

  /// One image of each class.
  private func images(_ classes: [String]) -> LabelledImages {
    LabelledImages(
      classes: classes, samples: classes.indices.map { Sample(path: "\($0).png", label: $0, index: $0) })
  }

  private func matching(_ classes: [String], to names: [String]?, count: Int = 3) throws -> ClassMatching {
    try ClassMatching(of: images(classes), to: names, count: count, source: "images")
  }

  @Test(arguments: [
    (["benign", "normal"], [0, 2]), (["normal", "benign"], [2, 0]), (["malignant"], [1]),
    (["benign", "malignant", "normal"], [0, 1, 2]),
  ])
  func `classes are matched by name, whichever are missing`(_ classes: [String], _ indices: [Int]) throws {
    let matching = try matching(classes, to: Self.names)
    #expect(matching.indices == indices && matching.names == Self.names && matching.remark == nil)
    #expect(matching.applied(to: images(classes)).samples.map(\.label) == indices)
  }

  @Test(arguments: [
    (["benign", "normal", ""], [0, 2]), (["normal", "benign", ""], [2, 0]),
    (["benign", "malignant", "normal"], [0, 1]),
    (["gutartig", "normal", ""], [0, 1]),
  ])
  func `the names of a numbered table go before its numbers where the model has them all`(
    _ classes: [String], _ labels: [Int]
  ) throws {
    let table = LabelledImages(
      classes: classes, samples: (0..<2).map { Sample(path: "\($0).png", label: $0, index: $0) },
      isNumbered: true)
    let matching = try ClassMatching(of: table, to: Self.names, count: 3, source: "images.csv")
    #expect(matching.applied(to: table).samples.map(\.label) == labels)
    #expect((matching.remark == nil) == (labels == [0, 1]))
  }

  @Test func `names that differ in capitals and separators are matched, which is said`() throws {
    let matching = try matching(["Common Nevus", "MELANOMA"], to: ["common_nevus", "melanoma"], count: 2)
    #expect(matching.indices == [0, 1])
    #expect(matching.remark?.contains("'Common Nevus' is the model's 'common_nevus'") == true)
  }

  @Test func `a class that the model does not have is refused with both lists`() {
    let error = #expect(throws: ClassMismatch.self) { try matching(["benign", "gutartig"], to: Self.names) }
    #expect(error?.message.contains("'gutartig'") == true)
    #expect(error?.message.contains("'benign', 'malignant', 'normal'") == true)
    #expect(error?.failureCode == .badData && error?.file == "images")
  }

  @Test func `two classes that are one of the model's are refused`() {
    #expect(throws: ClassMismatch.self) { try matching(["benign", "Benign"], to: Self.names) }
  }

  @Test func `a name that the model has twice is refused where it is used`() throws {
    #expect(throws: ClassMismatch.self) { try matching(["crane"], to: ["crane", "crane", "ox"]) }
    #expect(try matching(["ox"], to: ["crane", "crane", "ox"]).indices == [2])
  }

  @Test func `numbers are a nameless model's outputs, by value and not by order of text`() throws {
    #expect(try matching(["0", "10", "2"], to: nil, count: 11).indices == [0, 10, 2])
  }

  @Test func `a nameless model's first outputs are the classes in their order, which is said`() throws {
    let matching = try matching(["a", "b"], to: nil)
    #expect(matching.indices == [0, 1] && matching.names == ["a", "b", "2"])
    #expect(matching.remark?.contains("have no names") == true)
    #expect(throws: ClassMismatch.self) { try self.matching(["a", "b", "c", "d"], to: nil) }
  }
}
