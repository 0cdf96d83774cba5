/// The known methods.
public struct AdapterRegistry: Sendable {
  private let methods: [any AdapterMethod.Type]

  /// A registry of some methods.
  public init(_ methods: [any AdapterMethod.Type]) { self.methods = methods }

  /// Everything that this version has.
  public static let standard = AdapterRegistry([
    DualKernelAdapter.self,
    FullFineTuning.self,
    LinearProbe.self,
  ])

  /// Names of all methods, sorted.
  public var names: [String] { methods.map { $0.name }.sorted() }

  /// The method of a name with options.
  public func method(_ name: String, options: AdapterOptions = AdapterOptions()) throws(AdapterError)
    -> any AdapterMethod
  {
    guard let method = methods.first(where: { $0.name == name }) else {
      throw .usage("no method named '\(name)'; known: \(names.joined(separator: ", "))", option: "method")
    }
    try options.requireKeys(method.optionNames, method: name)
    return try method.init(reading: options)
  }
}
