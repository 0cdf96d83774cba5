import Graphs
import Operators
import Tensors

/// Insertion points that a user names, with what the shape of a value alone does not tell.
public struct HandPlacement: Sendable {
  /// The values.
  public var values: [String]
  /// Rows and columns of the map, where they don't follow from the shape.
  public var grid: TokenGrid?
  /// Tokens before those of the map, where they don't follow from the shape.
  public var prefixTokens: Int?
  /// How the values hold their map, where that does not follow from the network.
  public var layout: StreamLayout?

  /// Points at some values.
  public init(
    _ values: [String], grid: TokenGrid? = nil, prefixTokens: Int? = nil, layout: StreamLayout? = nil
  ) {
    self.values = values
    self.grid = grid
    self.prefixTokens = prefixTokens
    self.layout = layout
  }

  /// Numbers of prefix tokens that are tried, most frequent first: class token, none, distillation token, registers.
  static let usualPrefixes = [1, 0, 2, 5]
}

extension Recognition {
  /// The layout with its points replaced by those that the user names, one block each.
  ///
  /// Works for unknown families too. Points that the family's recogniser knows keep what it found out about them.
  package func layout(at placement: HandPlacement) throws(BackboneError) -> BackboneLayout {
    guard !placement.values.isEmpty else { throw .unsuitable("no value is named", option: "--at") }
    guard unsupported.isEmpty else { throw .cannotBeRead(.unsupported(unsupported)) }
    var blocks: [BackboneLayout.Block] = []
    for (index, value) in placement.values.enumerated() {
      guard !placement.values[..<index].contains(value) else {
        throw .unsuitable("value '\(value)' is named twice", option: "--at", value: value)
      }
      var site = try site(at: value, placement)
      site.block = index
      blocks.append(BackboneLayout.Block(index: index, stage: 0, points: [site]))
    }
    if var layout {
      layout.blocks = blocks
      return layout
    }
    let last = placement.values.max { (view.producer($0) ?? -1) < (view.producer($1) ?? -1) }
    return try view.layout("points given by hand", blocks, behind: last)
  }

  private func site(at value: String, _ placement: HandPlacement) throws(BackboneError) -> InsertionSite {
    if let known = layout?.sites.last(where: { $0.value == value }) {
      var site = known
      site.role = .block
      return site
    }
    guard view.isData(value), let shape = view.shape(value), let elementType = view.elementType(value),
      view.producer(value) != nil
    else {
      throw .unsuitable(
        "the network computes no value '\(value)' from its input", option: "--at", value: value)
    }
    let found = try map(of: value, shape, placement)
    return InsertionSite(
      value: value, role: .block, layout: found.layout, grid: found.grid, channels: found.channels,
      prefixTokens: found.prefix, block: 0, elementType: elementType)
  }

  private func map(of value: String, _ shape: Shape, _ placement: HandPlacement) throws(BackboneError) -> (
    layout: StreamLayout, grid: TokenGrid, channels: Int, prefix: Int
  ) {
    switch shape.rank {
    case 3:
      let count = shape[1]
      if let grid = placement.grid {
        let sides = 1...65_536
        guard sides.contains(grid.height), sides.contains(grid.width), (placement.prefixTokens ?? 0) <= count
        else {
          throw .unsuitable(
            "a grid of \(grid.height)×\(grid.width) does not fit", option: "--grid", value: value)
        }
        let prefix = placement.prefixTokens ?? count - grid.count
        guard prefix >= 0, prefix + grid.count == count else {
          throw .unsuitable(
            "value '\(value)' has \(count) tokens, the grid \(grid) and \(prefix) prefix tokens make "
              + "\(grid.count + prefix)", option: "--grid", value: value)
        }
        return (.tokens, grid, shape[2], prefix)
      }
      let prefixes = placement.prefixTokens.map { [$0] } ?? HandPlacement.usualPrefixes
      for prefix in prefixes where prefix >= 0 && prefix < count {
        let side = Int(Double(count - prefix).squareRoot().rounded())
        if side > 1, side * side == count - prefix {
          return (.tokens, TokenGrid(height: side, width: side), shape[2], prefix)
        }
      }
      throw .unsuitable(
        "value '\(value)' has \(count) tokens, which are no square after \(prefixes.map(String.init).joined(separator: ", ")) "
          + "prefix tokens", option: "--grid", value: value)
    case 4:
      guard let layout = placement.layout ?? view.mapLayout(of: value) else {
        throw .unsuitable(
          "value '\(value)' of shape \(shape) does not tell where its channels are", option: "--layout",
          value: value)
      }
      switch layout {
      case .channelsFirst: return (layout, TokenGrid(height: shape[2], width: shape[3]), shape[1], 0)
      case .channelsLast: return (layout, TokenGrid(height: shape[1], width: shape[2]), shape[3], 0)
      case .tokens, .list:
        throw .unsuitable(
          "value '\(value)' of shape \(shape) has 4 axes, layout \(layout.rawValue) has 3",
          option: "--layout", value: value)
      }
    default:
      throw .unsuitable(
        "value '\(value)' has shape \(shape), expected [B, N, C], [B, H, W, C] or [B, C, H, W]",
        option: "--at",
        value: value)
    }
  }
}

extension GraphView {
  /// Where a value of four axes has its channels, as the nodes that make or read it tell; nil where they don't.
  ///
  /// Convolution and pooling want channels first, a matrix product and LayerNormalization channels last; so does the mean
  /// of a LayerNormalization in parts. Looks through elementwise nodes.
  func mapLayout(of value: String) -> StreamLayout? {
    var pending = [value]
    var seen: Set<String> = []
    while let current = pending.first {
      pending.removeFirst()
      guard seen.insert(current).inserted, seen.count < 64 else { continue }
      var neighbours = consumers(current)
      if let maker = producer(current) { neighbours.append(maker) }
      for index in neighbours {
        let node = nodes[index]
        switch node.operatorName.type {
        case "Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "BatchNormalization":
          return .channelsFirst
        case "MatMul", "LayerNormalization": return .channelsLast
        case "ReduceMean" where node.inputs.first == current:
          let axes = (integers("axes", operand: 1, of: node) ?? []).map { $0 < 0 ? $0 + 4 : $0 }
          if axes == [3] || axes.sorted() == [1, 2] { return .channelsLast }
          if axes == [1] || axes.sorted() == [2, 3] { return .channelsFirst }
        case "Add", "Relu", "Clip", "Mul", "Sub", "Div", "Erf", "Gelu", "Identity", "Sigmoid", "Tanh":
          pending += (node.inputs + node.outputs).filter { isData($0) && extents($0) == extents(value) }
        default: break
        }
      }
    }
    return nil
  }
}
