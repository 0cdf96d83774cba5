/// Numbers, texts and bytes one after the other, for a process on the same machine.
struct MessageWriter {
  private(set) var bytes: [UInt8] = []

  mutating func put(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  mutating func put(_ number: Double) { put(Int(bitPattern: UInt(number.bitPattern))) }

  mutating func put(_ content: [UInt8]) {
    put(content.count)
    bytes += content
  }

  mutating func put(_ text: String) { put(Array(text.utf8)) }

  /// A value or its absence.
  mutating func put<Value>(optional value: Value?, _ put: (inout MessageWriter, Value) -> Void) {
    self.put(value == nil ? 0 : 1)
    if let value { put(&self, value) }
  }

  /// Values with their number in front.
  mutating func put<Value>(list values: [Value], _ put: (inout MessageWriter, Value) -> Void) {
    self.put(values.count)
    for value in values { put(&self, value) }
  }
}

/// Reads what `MessageWriter` wrote.
struct MessageReader {
  private let bytes: [UInt8]
  private var position = 0

  /// A message is not what was agreed on.
  struct Broken: Error {}

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func integer() throws(Broken) -> Int {
    guard bytes.count - position >= 8 else { throw Broken() }
    defer { position += 8 }
    return (0..<8).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
  }

  mutating func double() throws(Broken) -> Double {
    Double(bitPattern: UInt64(UInt(bitPattern: try integer())))
  }

  mutating func content() throws(Broken) -> [UInt8] {
    let count = try integer()
    guard count >= 0, count <= bytes.count - position else { throw Broken() }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  mutating func text() throws(Broken) -> String { String(decoding: try content(), as: UTF8.self) }

  mutating func optional<Value>(_ value: (inout MessageReader) throws(Broken) -> Value) throws(Broken)
    -> Value?
  {
    try integer() == 0 ? nil : try value(&self)
  }

  mutating func list<Value>(_ value: (inout MessageReader) throws(Broken) -> Value) throws(Broken) -> [Value]
  {
    let count = try integer()
    // Every element takes eight bytes at least.
    guard count >= 0, count <= (bytes.count - position) / 8 else { throw Broken() }
    var values: [Value] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try value(&self)) }
    return values
  }
}
