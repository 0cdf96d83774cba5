import Graphs
import Testing

@Suite struct NameSpellingTests {
  @Test(arguments: ["", "logits", "é", "日本語", "한글", "ไทยกำ", "हिन्दी क़".precomposed, "😀", "a\0b", "\u{E000}"])
  func `a name in NFC stays as it is`(name: String) {
    #expect(Array(NameSpelling.name(name).utf8) == Array(name.utf8))
  }

  @Test(arguments: [
    "e\u{301}", "\u{212B}", "\u{1112}\u{1161}\u{11AB}", "a\u{301}\u{327}", "\u{958}", "\u{F900}",
    "\u{10FFFF}",
    "x\u{10FF80}y",
  ])
  func `any other name is spelled differently, and comes back`(name: String) {
    let spelled = NameSpelling.name(name)
    #expect(Array(spelled.utf8) != Array(name.utf8))
    #expect(Array(NameSpelling.original(spelled).utf8) == Array(name.utf8))
    #expect(NameSpelling.bytes(spelled) == Array(name.utf8))
  }

  @Test func `names of different bytes are different strings`() {
    let scalars = ["e", "\u{E9}", "\u{301}", "\u{327}", "\u{1EB9}", "\u{323}", "\u{10FF80}", "\u{10FFC3}"]
    var names: [String] = []
    for first in scalars {
      for second in scalars { for third in scalars { names.append(first + second + third) } }
    }
    let bytes = Set(names.map { Array($0.utf8) })
    #expect(bytes.count == names.count)
    #expect(Set(names.map(NameSpelling.name)).count == names.count)
  }

  @Test func `a message with names in it shows them as they are`() {
    let name = NameSpelling.name("e\u{301}")
    #expect(Array(NameSpelling.original("node '\(name)'").utf8) == Array("node 'e\u{301}'".utf8))
  }

  @Test func `the text syntax keeps the bytes of names`() throws {
    let text =
      "g (float x) => (float \"\u{E9}\") {\n  \"e\u{301}\" = Relu (x)\n  \"\u{E9}\" = Relu (\"e\u{301}\")\n}"
    let graph = try Graph(text: text)
    #expect(graph.problems().isEmpty)
    #expect(Array(graph.text().utf8).contains(0xCC))
    #expect(try Graph(text: graph.text()).nodes.map(\.outputs) == graph.nodes.map(\.outputs))
  }
}

extension String {
  /// Without the precomposed letters that NFC takes apart.
  fileprivate var precomposed: String { replacing("\u{958}", with: "\u{915}\u{93C}") }
}
