import Tensors
import TensorFiles
import Testing

struct JSONTests {
  @Test func `what acts on a terminal is written escaped and read back`() throws {
    let value: JSONValue = ["a\u{1B}[2J\u{7F}\u{9B}31m\u{202E}b\u{2066}\u{2028}é"]
    #expect(value.text() == #"["a\u001b[2J\u007f\u009b31m\u202eb\u2066\u2028é"]"#)
    #expect(try JSONValue(parsing: value.text()) == value)
  }

  @Test func `every kind of value is read, members in their order`() throws {
    let value = try JSONValue(
      parsing: #" {"b": [1, -2.5, 1e3, true, false, null], "a": {"": "x"}, "c": [], "d": {}} "#)
    #expect(
      value == [
        "b": [1, -2.5, 1000.0, true, false, nil], "a": ["": "x"], "c": [], "d": [:],
      ])
    #expect(value.object?.members.map(\.key) == ["b", "a", "c", "d"])
    #expect(value["b"]?.array?[2].integer == 1000)
  }

  @Test(arguments: [
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9""#, "é"), (#""\uD83D\uDE00""#, "😀"),
    (#""日本""#, "日本"), (#""\u0000""#, "\0"),
  ])
  func `strings are read with every escape`(text: String, expected: String) throws {
    #expect(try JSONValue(parsing: text) == .string(expected))
  }

  @Test(arguments: [
    ("", "line 1, column 1: expected a value, found the end of the text"),
    ("[1, 2", "line 1, column 6: expected ',' or ']' after an element, found the end of the text"),
    ("[1,]", "line 1, column 4: expected a value, found ']'"),
    ("{\n  \"a\": 1,\n  b: 2\n}", "line 3, column 3: expected a key in quotes, found 'b'"),
    (#"{"a": 1, "a": 2}"#, "line 1, column 10: the key 'a' occurs twice"),
    (#"{"a" 1}"#, "line 1, column 6: expected ':' after the key 'a', found '1'"),
    ("[1] x", "line 1, column 5: expected the end, found 'x'"),
    ("[01]", "line 1, column 2: a number does not start with a superfluous 0"),
    ("[1.]", "line 1, column 4: expected a digit, found ']'"),
    ("[-]", "line 1, column 3: expected a digit, found ']'"),
    ("1e999", "line 1, column 1: the number '1e999' is out of range"),
    ("NaN", "line 1, column 1: expected a value, found 'N'"),
    ("nul", "line 1, column 1: expected a value, found 'n'"),
    (#""abc"#, "line 1, column 1: the string that starts here has no end"),
    ("\"a\nb\"", "line 1, column 3: a control character in a string must be escaped, found byte 0xa"),
    (#""\x41""#, "line 1, column 2: unknown escape"),
    (#""\u12G4""#, "line 1, column 2: expected four hexadecimal digits after \\u"),
    (#""\u12"#, "line 1, column 2: expected four hexadecimal digits after \\u"),
    (#""\uD83D""#, "line 1, column 2: half of a surrogate pair"),
    (#""\uDE00""#, "line 1, column 2: half of a surrogate pair"),
    (#""\uD83D\u0041""#, "line 1, column 2: half of a surrogate pair"),
    (#""\"#, "line 1, column 2: the text ends within an escape"),
    (
      "\u{FEFF}1",
      "line 1, column 1: a byte order mark stands before the JSON text; save the file as UTF-8 without it"
    ),
    ("// note\n1", "line 1, column 1: expected a value, found '/'"),
    ("'a'", "line 1, column 1: expected a value, found '''"),
  ])
  func `what is not JSON is refused with its place`(text: String, expected: String) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.message == expected)
    #expect(error?.failureCode == .badData)
  }

  @Test(arguments: [
    [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
  ])
  func `invalid UTF-8 is refused`(bytes: [UInt8]) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    #expect(error?.reason == "the string that starts here is not valid UTF-8")
  }

  @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
  func `a nesting bomb is refused`(opening: String) {
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: opening, count: 200_000))
    }
    #expect(error?.reason == "nested deeper than 64 levels")
  }

  @Test func `absurdly long numbers and texts are refused`() {
    let digits = #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: "9", count: 100_000))
    }
    #expect(digits?.reason == "a number of 100000 digits")
    let long = #expect(throws: JSONError.self) {
      try JSONValue(parsing: [UInt8](repeating: 0x20, count: 11), limits: .init(bytes: 10))
    }
    #expect(long?.reason == "11 bytes are more than the 10 accepted here")
  }

  @Test func `integers beyond Int become numbers and do not trap`() throws {
    #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
    #expect(try JSONValue(parsing: "9223372036854775808") == .number(0x1p63))
    #expect(try JSONValue(parsing: "9223372036854775808").integer == nil)
    #expect(try JSONValue(parsing: "-0").number?.sign == .minus)
  }

  @Test(arguments: [
    0.1, 1.0 / 3, Double.leastNonzeroMagnitude, 1.7976931348623157e308, -0.0, 1e21, 123456789.125,
  ])
  func `a Double survives writing and reading bit for bit`(value: Double) throws {
    #expect(try JSONValue(parsing: JSONValue.number(value).text()).number?.bitPattern == value.bitPattern)
  }

  @Test func `NaN and infinities are written as null, a Float in its own digits`() {
    #expect(JSONValue([Double.nan, .infinity, -.infinity]).text() == "[null,null,null]")
    #expect(JSONValue(Float(0.1)).text() == "0.1")
  }

  @Test func `written text reads back as the same value`() throws {
    let value: JSONValue = [
      "text": "quote \" back \\ line \n bell \u{7} é 😀", "shape": [1, 197, 768], "none": nil,
      "nested": [["a": 1], [:], []],
    ]
    #expect(try JSONValue(parsing: value.text()) == value)
    #expect(try JSONValue(parsing: value.text(indented: true)) == value)
  }

  @Test func `indented text keeps rows of plain values in one line`() {
    let value: JSONValue = ["shape": [1, 2], "inner": ["a": true]]
    #expect(
      value.text(indented: true) == """
        {
          "shape": [1, 2],
          "inner": {
            "a": true
          }
        }
        """)
  }

  @Test func `removing a member keeps the others reachable`() {
    var object = JSONObject()
    for key in ["a", "b", "c"] { object[key] = .string(key) }
    object["a"] = nil
    #expect(object["c"] == "c")
    #expect(object.members.map(\.key) == ["b", "c"])
  }
}
