public import Backbones

/// Dual-Kernel Adapter (ICLR 2026): y = x + Up · gelu(DW₅₁(Down · x) + DW₅(Down · x)).
///
/// Tokens [B, P + H·W, C] are laid out as a map [B, d, H, W], row by row; the P prefix tokens skip the convolutions but pass
/// GELU, Up and the residual. With Up zero, the start of the `default` initialisation, the adapted network computes
/// what the original does. Parameters per module: 2·C·d + d·(K₁² + K₂²), with bias d + C more.
/// Source: METHOD, section 1.
public struct DualKernelAdapter: AdapterMethod {
  /// A depthwise kernel.
  public struct Kernel: Sendable, Hashable, CustomStringConvertible {
    /// Taps per side; odd.
    public var size: Int
    /// Distance of the taps in pixels.
    public var dilation: Int

    /// A kernel.
    public init(_ size: Int, dilation: Int = 1) {
      self.size = size
      self.dilation = dilation
    }

    /// Zeros added around the map, so that it keeps its size.
    var padding: Int { dilation * (size - 1) / 2 }

    /// `51`, or `3:25` for size 3 and dilation 25.
    public var description: String { dilation == 1 ? "\(size)" : "\(size):\(dilation)" }
  }

  /// The name on the command line.
  public static let name = "dka"
  /// The options, as `init(reading:)` takes them.
  public static let optionNames = [
    "dim", "kernels", "placement", "blocks", "init", "bias", "inner-gelu", "dropout",
  ]

  /// Channels between Down and Up: 16 for classification, 192 for segmentation.
  public var bottleneck = 16
  /// The large kernel, or nil for none.
  public var large: Kernel? = Kernel(51)
  /// The small kernel, or nil for none.
  public var small: Kernel? = Kernel(5)
  /// Whether a GELU follows Down too.
  public var hasInnerGELU = false
  /// Whether Down and Up have a bias.
  public var hasBias = false
  /// Share of numbers that training drops before Up.
  public var dropout = 0.0
  /// Where modules stand.
  public var standing = Placement.afterEachResidual
  /// What the weights are before training.
  public var initialization = Initialization.standard

  /// The published adapter.
  public init() {}

  /// Reads options such as `dim` = `16` and `kernels` = `51,5`; what is not given has its default.
  public init(reading options: AdapterOptions) throws(AdapterError) {
    bottleneck = try options.integer("dim", default: 16, in: 1...65_536)
    if let text = options["kernels"] { (large, small) = try Self.kernels(parsing: text) }
    if let text = options["placement"] {
      guard let kind = Placement.Kind(rawValue: text) else {
        let known = Placement.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage("no placement named '\(text)'; known: \(known)", option: "placement")
      }
      standing.kind = kind
    }
    if let text = options["blocks"] { standing.blocks = try BlockSelection(parsing: text) }
    if let text = options["init"] {
      guard let value = Initialization(rawValue: text) else {
        let known = Initialization.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage("no initialisation named '\(text)'; known: \(known)", option: "init")
      }
      initialization = value
    }
    hasBias = try options.flag("bias")
    hasInnerGELU = try options.flag("inner-gelu")
    dropout = try options.number("dropout", default: 0, in: 0..<1)
  }

  /// All options as text.
  public var options: AdapterOptions {
    AdapterOptions([
      ("dim", "\(bottleneck)"),
      ("kernels", "\(large?.description ?? "none"),\(small?.description ?? "none")"),
      ("placement", standing.kind.rawValue),
      ("blocks", standing.blocks.description),
      ("init", initialization.rawValue),
      ("bias", "\(hasBias)"),
      ("inner-gelu", "\(hasInnerGELU)"),
      ("dropout", "\(dropout)"),
    ])
  }

  /// Where modules stand.
  public var placement: Placement? { standing }

  /// Number of trainable parameters of a module on a stream of so many channels.
  public func parameterCount(channels: Int) -> Int {
    let taps = [large, small].reduce(0) { $0 + ($1.map { $0.size * $0.size } ?? 0) }
    return 2 * channels * bottleneck + bottleneck * taps + (hasBias ? bottleneck + channels : 0)
  }

  /// Number of trainable parameters of all modules in a network.
  public func parameterCount(in layout: BackboneLayout) -> Int {
    var counted: Set<Int> = []
    return standing.sites(in: layout).reduce(0) { sum, site in
      guard standing.kind != .bothShared || counted.insert(site.block).inserted else { return sum }
      return sum + parameterCount(channels: site.channels)
    }
  }

  /// Reads `51,5`; `none` leaves a kernel out, `3:25` has size 3 and dilation 25.
  static func kernels(parsing text: String) throws(AdapterError) -> (large: Kernel?, small: Kernel?) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw .usage(
        "expected two kernels, found \(parts.count) in '\(text)'", option: "kernels",
        hint: "write 51,5 or none,5 or 51,none")
    }
    let kernels = try parts.map { part throws(AdapterError) -> Kernel? in
      if part == "none" { return nil }
      let numbers = part.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(numbers.count), let size = numbers[0],
        let dilation = numbers.count > 1 ? numbers[1] : 1,
        (1...1023).contains(size), size % 2 == 1, (1...1023).contains(dilation)
      else {
        throw .usage(
          "kernel '\(part)' is no odd size from 1 to 1023", option: "kernels",
          hint: "write 51,5; 3:25 stands for size 3 with dilation 25")
      }
      return Kernel(size, dilation: dilation)
    }
    guard kernels.contains(where: { $0 != nil }) else {
      throw .usage("both kernels are none, expected at least one", option: "kernels")
    }
    return (kernels[0], kernels[1])
  }
}
