/// Linear Probing: the network stays as it is, only the classifier trains.
public struct LinearProbe: AdapterMethod {
  /// The name on the command line.
  public static let name = "linear"
  /// It has none.
  public static let optionNames: [String] = []

  /// The method.
  public init() {}
  /// The method; there are no options to read.
  public init(reading options: AdapterOptions) throws(AdapterError) {}
  /// None.
  public var options: AdapterOptions { AdapterOptions() }
}
