/// A JSON value; objects keep the order of their members.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent that fits `Int`.
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

extension JSONValue {
  /// `null` for nil, else the string.
  package init(_ value: String?) { self = value.map { .string($0) } ?? .null }

  /// `null` for nil, else the integer.
  package init(_ value: Int?) { self = value.map { .integer($0) } ?? .null }

  /// `null` for nil, else the number; the writer makes `null` of NaN and infinities.
  package init(_ value: Double?) { self = value.map { .number($0) } ?? .null }

  /// The number whose decimal text is the shortest that gives back this `Float`: 0.1, not 0.10000000149011612.
  package init(_ value: Float) { self = .number(Double(value.description) ?? Double(value)) }

  package init(_ value: Bool) { self = .bool(value) }

  package init(_ values: [String]) { self = .array(values.map { .string($0) }) }

  package init(_ values: [Int]) { self = .array(values.map { .integer($0) }) }

  package init(_ values: [Double]) { self = .array(values.map { .number($0) }) }

  /// The text, if this is a string.
  package var string: String? { if case .string(let value) = self { value } else { nil } }

  /// The truth value, if this is `true` or `false`.
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The integer, also of a number such as 1e3 that is whole and fits.
  package var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, if this is one.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The elements, if this is an array.
  package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

  /// The members, if this is an object.
  package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// The member with this key; nil when it is missing or this is no object.
  package subscript(key: String) -> JSONValue? { object?[key] }

  /// What kind of value this is, with its article, for messages: `a string`.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a truth value"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue {
  /// The value as one would write it on the command line; nil for what has no such text.
  package var argumentText: String? {
    switch self {
    case .null, .object: nil
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): Int(exactly: value).map(String.init) ?? value.description
    case .string(let value): value
    case .array(let elements):
      elements.isEmpty || elements.contains { $0.argumentText == nil }
        ? nil : elements.compactMap(\.argumentText).joined(separator: ",")
    }
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (key, value) in elements { object[key] = value }
    self = .object(object)
  }
}

/// The members of a JSON object in their order, each key once.
///
/// Two objects are equal when they have equal members in the same order.
package struct JSONObject: Sendable, Equatable {
  /// One key with its value.
  package struct Member: Sendable, Equatable {
    package var key: String
    package var value: JSONValue
  }

  package private(set) var members: [Member] = []
  private var positions: [String: Int] = [:]

  package init() {}

  /// The value of a key; setting appends a new key at the end, setting nil removes it.
  package subscript(key: String) -> JSONValue? {
    get { positions[key].map { members[$0].value } }
    set {
      switch (positions[key], newValue) {
      case (let position?, let value?): members[position].value = value
      case (nil, let value?):
        positions[key] = members.count
        members.append(Member(key: key, value: value))
      case (let position?, nil):
        members.remove(at: position)
        positions[key] = nil
        for index in position..<members.count { positions[members[index].key] = index }
      case (nil, nil): break
      }
    }
  }

  package static func == (left: Self, right: Self) -> Bool { left.members == right.members }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    for (key, value) in elements { self[key] = value }
  }
}
