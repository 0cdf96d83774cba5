import Graphs
import Operators
import TestSupport
import Testing

@Suite struct AttributeNameTests {
  private func unknown(_ text: String) throws -> [String] {
    let lowering = Lowering(registry: .standard, context: Interpreter().context)
    return try lowering.unknownAttributes(of: ModelDescription(text: text)).map {
      "\($0.node): \($0.attribute)"
    }
  }

  @Test func `attributes that the operator does not know are named with their node`() throws {
    let found = try unknown(
      """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[1,4] x) => (float[1,4] y) {
        [soft] a = Softmax <axis = 1, temperature = 2.0> (x)
        [relu] y = Relu <alpha = 0.1> (a)
      }
      """)
    #expect(found == ["soft: temperature", "relu: alpha"])
  }

  @Test func `an attribute of a later operator set is unknown to an earlier one`() throws {
    func model(_ version: Int) -> String {
      """
      <ir_version: 8, opset_import: ["" : \(version)]>
      g (float[4] x) => (float[2] y, float[2] z) { [cut] y, z = Split <num_outputs = 2> (x) }
      """
    }
    #expect(try unknown(model(17)) == ["cut: num_outputs"])
    #expect(try unknown(model(18)).isEmpty)
  }

  @Test(.enabled(if: Python.hasONNX))
  func `every attribute that ONNX defines for an operator is known to it`() throws {
    let script = """
      from onnx import defs
      for schema in defs.get_all_schemas_with_history():
        for name in schema.attributes or ["-"]:
          print(schema.domain or "-", schema.name, schema.since_version, name)
      """
    var defined: [OperatorName: [(version: Int, attribute: String)]] = [:]
    for line in try Python.run(script, []).split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      let name = OperatorName(words[1], domain: words[0] == "-" ? "" : words[0])
      defined[name, default: []].append((try #require(Int(words[2])), words[3]))
    }
    #expect(defined.count > 100)
    for testCase in OperatorCase.all {
      // What the newest definition up to the case's version has; `-` where it has none.
      let versions = defined[testCase.operatorName] ?? []
      guard let newest = versions.map(\.version).filter({ $0 <= testCase.version }).max() else { continue }
      let names = AttributeNames()
      _ = try OperatorRegistry.standard.read(
        testCase.node(attributes: testCase.attributes), version: testCase.version, names: names)
      for entry in versions where entry.version == newest && entry.attribute != "-" {
        #expect(names.contains(entry.attribute), "\(testCase) does not know '\(entry.attribute)'")
      }
    }
  }
}
