/// Options of a method as text, in the order given: what the command line, a recipe or a configuration says.
public struct AdapterOptions: Sendable {
  /// One option.
  public struct Entry: Sendable, Hashable {
    /// Name, for example `dim`.
    public var key: String
    /// Value as text.
    public var value: String
  }
  /// The options.
  public private(set) var entries: [Entry] = []

  /// No options: every method has defaults.
  public init() {}

  /// Options by name.
  public init(_ pairs: [(key: String, value: String)]) {
    for pair in pairs { self[pair.key] = pair.value }
  }

  /// The value of an option; nil where it is not given.
  public subscript(key: String) -> String? {
    get { entries.first { $0.key == key }?.value }
    set {
      let index = entries.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): entries[index].value = value
      case (let index?, nil): entries.remove(at: index)
      case (nil, let value?): entries.append(Entry(key: key, value: value))
      case (nil, nil): break
      }
    }
  }

  /// Refuses options that a method does not have.
  func requireKeys(_ known: [String], method: String) throws(AdapterError) {
    guard let unknown = entries.first(where: { !known.contains($0.key) }) else { return }
    let list = known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
    throw .usage("method '\(method)' has no option '\(unknown.key)': \(list)", option: unknown.key)
  }

  /// An integer option within a range.
  func integer(_ key: String, default standard: Int, in range: ClosedRange<Int>) throws(AdapterError) -> Int {
    guard let text = self[key] else { return standard }
    guard let value = Int(text), range.contains(value) else {
      throw .usage(
        "\(key) is '\(text)', expected a whole number from \(range.lowerBound) to \(range.upperBound)",
        option: key)
    }
    return value
  }

  /// A number option within a range.
  func number(_ key: String, default standard: Double, in range: Range<Double>) throws(AdapterError) -> Double
  {
    guard let text = self[key] else { return standard }
    guard let value = Double(text), range.contains(value) else {
      throw .usage(
        "\(key) is '\(text)', expected a number from \(range.lowerBound) to below \(range.upperBound)",
        option: key)
    }
    return value
  }

  /// A yes-or-no option.
  func flag(_ key: String) throws(AdapterError) -> Bool {
    switch self[key] {
    case nil, "false": return false
    case "true": return true
    case let text?: throw .usage("\(key) is '\(text)', expected true or false", option: key)
    }
  }
}
