import Foundation
import Graphs
import Operators
import TestSupport
import Testing

@Suite struct OperatorRegistryTests {
  /// Operator names by file, read from the schemas in the sources.
  private static let declared: [(file: String, name: OperatorName)] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Operators")
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []
    return files.filter { $0.hasSuffix(".swift") }.sorted().flatMap { file in
      let text = (try? String(contentsOf: root.appending(path: file), encoding: .utf8)) ?? ""
      return text.matches(of: /let schema = OperatorSchema\(\s*"(\w+)"(?:,\s*domain: "([\w.]+)")?/).map {
        (file, OperatorName(String($0.1), domain: $0.2.map(String.init) ?? ""))
      }
    }
  }()

  @Test func `the sources declare operators`() {
    #expect(Self.declared.count > 40)
  }

  @Test func `every operator in the sources is in the registry`() {
    for (file, name) in Self.declared {
      let registry = OperatorRegistry.standard
      let isThere = registry[name] != nil || registry.expands(name)
      #expect(isThere, "add \(name) of \(file) to OperatorFamilies.swift")
    }
  }

  @Test func `ONNX's backend cases are chosen for every standard operator`() throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Tools/goldens/backend_cases.py")
    let text = try String(contentsOf: script, encoding: .utf8)
    let list = try #require(text.firstMatch(of: /OPERATORS = frozenset\("{3}([^"]*)"{3}/))
    let listed = Set(list.1.split(whereSeparator: \.isWhitespace).map(String.init))
    for (file, name) in Self.declared where name.domain.isEmpty && !file.hasPrefix("Runtime/") {
      #expect(listed.contains(name.type), "add \(name) of \(file) to OPERATORS of backend_cases.py")
    }
  }

  @Test func `every operator of the registry has a case, or is emitted by the gradient of one`() throws {
    var covered = Set(OperatorCase.all.map(\.operatorName))
    for testCase in OperatorCase.all {
      covered.formUnion(try GradientCheck().emittedNodes(of: testCase).map(\.operatorName))
    }
    for schema in OperatorRegistry.standard.schemas where !covered.contains(schema.name) {
      Issue.record("add a case for \(schema.name) to Tests/Support/OperatorCases")
    }
  }

  @Test func `no two cases have one description`() {
    var seen = Set<String>()
    for testCase in OperatorCase.all {
      #expect(seen.insert(testCase.description).inserted, "\(testCase) stands twice")
    }
  }

  @Test func `an operator is refused below its first version and for a wrong number of operands`() throws {
    let registry = OperatorRegistry.standard
    #expect(throws: OperatorError.self) {
      try registry.lower(Node("Gelu", inputs: ["x"], outputs: ["y"]), version: 19)
    }
    #expect(throws: OperatorError.self) {
      try registry.lower(Node("Add", inputs: ["x"], outputs: ["y"]), version: 14)
    }
    #expect(throws: OperatorError.self) {
      try registry.lower(Node("Relu", inputs: ["x", "z"], outputs: ["y"]), version: 14)
    }
  }
}
