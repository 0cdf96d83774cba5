/// Full Fine-Tuning: every weight of the network trains, without anything being put in.
///
/// Weights are matrices, kernels, biases, norm scales and shifts, tokens and position embeddings; not numbers such as ε.
public struct FullFineTuning: AdapterMethod {
  /// The name on the command line.
  public static let name = "full"
  /// It has none.
  public static let optionNames: [String] = []

  /// The method.
  public init() {}
  /// The method; there are no options to read.
  public init(reading options: AdapterOptions) throws(AdapterError) {}
  /// None.
  public var options: AdapterOptions { AdapterOptions() }
  /// True: that is the method.
  public var trainsBackbone: Bool { true }
}
