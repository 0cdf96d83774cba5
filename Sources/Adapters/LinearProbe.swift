/// Linear Probing: the network stays as it is, only the classifier trains.
public struct LinearProbe: AdapterMethod {
  public static let name = "linear"
  public static let optionNames: [String] = []

  /// The method.
  public init() {}
  public init(reading options: AdapterOptions) throws(AdapterError) {}
  public var options: AdapterOptions { AdapterOptions() }
}
