public import Backbones
import Graphs

extension DualKernelAdapter {
  /// Emits one module: Down, the depthwise pair, GELU, Up and the addition to the base.
  public func build(
    at site: InsertionSite, reading connection: AdapterConnection, in builder: inout AdapterBuilder
  ) throws(AdapterError) -> String {
    var update =
      site.layout == .channelsFirst
      ? try mapUpdate(connection.input, site, &builder) : try vectorUpdate(connection.input, site, &builder)
    if hasBias, site.layout != .channelsFirst {
      update = builder.node("Add", "update_biased", [update, try bias(.upBias, site.channels, &builder)])
    }
    return builder.node("Add", "output", [connection.base, update])
  }

  /// Down, convolutions, GELU and Up on vectors in the last axis.
  private func vectorUpdate(_ input: String, _ site: InsertionSite, _ builder: inout AdapterBuilder)
    throws(AdapterError) -> String
  {
    let down = try builder.weight(
      .down, [site.channels, bottleneck], fanIn: site.channels, fanOut: bottleneck, initialization)
    var hidden = builder.node("MatMul", "hidden", [input, down])
    if hasBias {
      hidden = builder.node("Add", "hidden_biased", [hidden, try bias(.downBias, site.channels, &builder)])
    }
    if hasInnerGELU { hidden = try builder.gelu(hidden, "hidden_activated") }
    let mixed =
      site.layout == .channelsLast
      ? try mixedMap(hidden, &builder) : try mixedTokens(hidden, site, &builder)
    let activated = try builder.gelu(mixed, "activated")
    if dropout > 0 { builder.addDropoutPoint(activated) }
    let up = try builder.weight(
      .up, [bottleneck, site.channels], fanIn: bottleneck, fanOut: site.channels, initialization)
    return builder.node("MatMul", "update", [activated, up])
  }

  /// The convolutions on tokens [B, P + H·W, d]; the first P pass by.
  private func mixedTokens(_ hidden: String, _ site: InsertionSite, _ builder: inout AdapterBuilder)
    throws(AdapterError) -> String
  {
    let (prefix, grid) = (site.prefixTokens, site.grid)
    var patches = hidden
    var front: String?
    if prefix > 0 {
      front = try builder.slice(hidden, "prefix", axis: 1, from: 0, to: prefix)
      patches = try builder.slice(hidden, "patches", axis: 1, from: prefix, to: prefix + grid.count)
    }
    let channels = builder.node("Transpose", "channels", [patches], [Attribute("perm", [0, 2, 1])])
    let map = builder.node(
      "Reshape", "map", [channels, try builder.integers([0, bottleneck, grid.height, grid.width])])
    let sum = try convolved(map, &builder)
    let flat = builder.node(
      "Reshape", "mixed_channels", [sum, try builder.integers([0, bottleneck, grid.count])])
    let tokens = builder.node("Transpose", "mixed", [flat], [Attribute("perm", [0, 2, 1])])
    guard let front else { return tokens }
    return builder.node("Concat", "tokens", [front, tokens], [Attribute("axis", 1)])
  }

  /// The convolutions on a map [B, H, W, d].
  private func mixedMap(_ hidden: String, _ builder: inout AdapterBuilder) throws(AdapterError) -> String {
    let map = builder.node("Transpose", "map", [hidden], [Attribute("perm", [0, 3, 1, 2])])
    return builder.node(
      "Transpose", "mixed", [try convolved(map, &builder)], [Attribute("perm", [0, 2, 3, 1])])
  }

  /// The whole module on a map [B, C, H, W], with 1×1 convolutions as Down and Up.
  private func mapUpdate(_ input: String, _ site: InsertionSite, _ builder: inout AdapterBuilder)
    throws(AdapterError) -> String
  {
    var downInputs = [
      input,
      try builder.weight(
        .down, [bottleneck, site.channels, 1, 1], fanIn: site.channels, fanOut: bottleneck, initialization),
    ]
    if hasBias { downInputs.append(try bias(.downBias, site.channels, &builder)) }
    let pointwise = [Attribute("kernel_shape", [1, 1])]
    var hidden = builder.node("Conv", "hidden", downInputs, pointwise)
    if hasInnerGELU { hidden = try builder.gelu(hidden, "hidden_activated") }
    let activated = try builder.gelu(try convolved(hidden, &builder), "activated")
    if dropout > 0 { builder.addDropoutPoint(activated) }
    var upInputs = [
      activated,
      try builder.weight(
        .up, [site.channels, bottleneck, 1, 1], fanIn: bottleneck, fanOut: site.channels, initialization),
    ]
    if hasBias { upInputs.append(try bias(.upBias, site.channels, &builder)) }
    return builder.node("Conv", "update", upInputs, pointwise)
  }

  /// The sum of the depthwise convolutions of a map [B, d, H, W].
  private func convolved(_ map: String, _ builder: inout AdapterBuilder) throws(AdapterError) -> String {
    var results: [String] = []
    let kernels: [(part: Initialization.Part, kernel: Kernel?)] = [(.large, large), (.small, small)]
    for (part, kernel) in kernels {
      guard let kernel else { continue }
      let taps = kernel.size * kernel.size
      let weight = try builder.weight(
        part, [bottleneck, 1, kernel.size, kernel.size], fanIn: taps, fanOut: bottleneck * taps,
        initialization)
      let padding = [Int](repeating: kernel.padding, count: 4)
      results.append(
        builder.node(
          "Conv", part.name + "_map", [map, weight],
          [
            Attribute("dilations", [kernel.dilation, kernel.dilation]), Attribute("group", bottleneck),
            Attribute("kernel_shape", [kernel.size, kernel.size]), Attribute("pads", padding),
            Attribute("strides", [1, 1]),
          ]))
    }
    return results.count == 2 ? builder.node("Add", "mixed_map", results) : results[0]
  }

  private func bias(_ part: Initialization.Part, _ channels: Int, _ builder: inout AdapterBuilder)
    throws(AdapterError) -> String
  {
    let isDown = part == .downBias
    return try builder.weight(
      part, [isDown ? bottleneck : channels], fanIn: isDown ? channels : bottleneck,
      fanOut: isDown ? bottleneck : channels, initialization)
  }
}
