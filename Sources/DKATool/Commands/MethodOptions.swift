import DKA

/// The options of every verb that puts a method into a model.
enum MethodOptions {
  static let method = Option(
    "method", .word(of: AdapterRegistry.standard.names), default: "dka", "what is put into the model")
  static let dim = Option("dim", .integer(1...65536), "bottleneck of an adapter [16; segmentation 192]")
  static let kernels = Option(
    "kernels", .text("K1,K2"),
    "sides of the two depthwise kernels; none leaves one out, 3:25 is side 3 with dilation 25 [51,5]")
  static let placement = Option(
    "placement", .text("NAME"),
    """
    where adapters stand in a block [both]
    both: on the stream after attention and after the MLP, two modules
    both-shared: at the same two points, one module's weights used twice
    block: on the stream after the whole block
    before-add: on what attention and the MLP make, before it is added
    parallel: beside attention and the MLP, from the normalised stream
    """)
  static let blocks = Option("blocks", .text("LIST"), "blocks that get adapters, such as 0-3,8 [all]")
  static let at = Option(
    "at", .list(of: .text("VALUE"), example: "add_1,add_2"),
    "values to put adapters at, by hand; linear and full need none")
  static let grid = Option(
    "grid", .text("HxW"), "rows and columns of the map at --at values, where not a square")
  static let prefixTokens = Option(
    "prefix-tokens", .integer(0...4096), "tokens before the map at --at values")
  static let layout = Option("layout", .choice(of: StreamLayout.self), "how --at values hold their map")
  static let start = Option(
    "init", .text("NAME"),
    """
    start values of adapters [default]
    default: Up is zero, so that the network answers as before; Down and kernels are drawn
    reference: Up is drawn too, as small as Down
    torch: everything as PyTorch's layers start
    """)
  static let bias = Option(flag: "bias", "biases in Down and Up")
  static let innerGELU = Option(flag: "inner-gelu", "a GELU after Down")
  static let dropout = Option("dropout", .number(0..<1), "share dropped before Up while training [0]")
  static let seed = Option("seed", .integer(0...Int.max), default: 7, "decides every random number")

  static var group: ArgumentGroup {
    ArgumentGroup(
      "Method",
      [
        method, dim, kernels, placement, blocks, at, grid, prefixTokens, layout, start, bias, innerGELU,
        dropout, seed,
      ]
        as [any ArgumentDefinition])
  }

  /// What the command line says.
  static func injection(_ arguments: ParsedArguments) throws -> Injection {
    var injection = Injection()
    injection.method = arguments[method]
    injection.seed = arguments[seed]
    injection.placement = arguments[at].map {
      HandPlacement(
        $0.map(NameSpelling.name), grid: arguments[grid].flatMap(TokenGrid.init(text:)),
        prefixTokens: arguments[prefixTokens],
        layout: arguments[layout])
    }
    if let text = arguments[grid], TokenGrid(text: text) == nil {
      throw UsageError("'\(text)' is no grid; use rows x columns, such as 14x14", field: "--grid")
    }
    var options = AdapterOptions()
    options["dim"] = arguments[dim].map(String.init)
    options["kernels"] = arguments[kernels]
    options["placement"] = arguments[placement]
    options["blocks"] = arguments[blocks]
    options["init"] = arguments[start]
    if arguments[bias] { options["bias"] = "true" }
    if arguments[innerGELU] { options["inner-gelu"] = "true" }
    options["dropout"] = arguments[dropout].map { "\($0)" }
    injection.options = options
    return injection
  }
}
