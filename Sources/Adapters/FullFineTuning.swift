/// Full Fine-Tuning: every weight of the network trains, without anything being put in.
///
/// Weights are matrices, kernels, biases, norm scales and shifts, tokens and position embeddings; not numbers such as ε.
public struct FullFineTuning: AdapterMethod {
  public static let name = "full"
  public static let optionNames: [String] = []

  /// The method.
  public init() {}
  public init(reading options: AdapterOptions) throws(AdapterError) {}
  public var options: AdapterOptions { AdapterOptions() }
  public var trainsBackbone: Bool { true }
}
