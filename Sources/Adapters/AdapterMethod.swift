public import Backbones

/// A way to adapt a network: what is put where, and what trains.
///
/// A method never asks which family the network is of. It gets sites and emits standard ONNX operators of the model's
/// operator set; finding sites, rewiring all readers, heads and export are not its business.
public protocol AdapterMethod: Sendable {
  /// The method's name on the command line.
  static var name: String { get }

  /// The options that the method has.
  static var optionNames: [String] { get }

  /// Reads the method's options.
  init(reading options: AdapterOptions) throws(AdapterError)

  /// The method's options, all of them, so that `init(reading:)` gives the same method again.
  var options: AdapterOptions { get }

  /// Where adapters stand, or nil where the method inserts none.
  var placement: Placement? { get }

  /// Whether the network's own weights train.
  var trainsBackbone: Bool { get }

  /// Share of numbers that training drops at the dropout points; 0 for none.
  var dropout: Double { get }

  /// Emits one adapter.
  ///
  /// - Returns: the value that stands in for `connection.replaced` from now on.
  func build(
    at site: InsertionSite, reading connection: AdapterConnection, in builder: inout AdapterBuilder
  ) throws(AdapterError) -> String
}

extension AdapterMethod {
  /// None by default.
  public var placement: Placement? { nil }
  /// False by default.
  public var trainsBackbone: Bool { false }
  /// None by default.
  public var dropout: Double { 0 }

  /// Emits nothing: the value stays.
  public func build(
    at site: InsertionSite, reading connection: AdapterConnection, in builder: inout AdapterBuilder
  ) throws(AdapterError) -> String { connection.replaced }
}

/// The edges of the network between which an adapter stands.
public struct AdapterConnection: Sendable, Hashable {
  /// The value that the adapter reads.
  public let input: String
  /// The value that its result is added to.
  public let base: String
  /// The value whose readers get the sum.
  public let replaced: String
}
