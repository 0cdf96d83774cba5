public import Backbones

/// Where in a block adapters stand, and in which blocks.
public struct Placement: Sendable, Hashable {
  /// The place within a block.
  public enum Kind: String, Sendable, CaseIterable {
    /// On the stream after the attention addition and after the MLP addition: two separate modules.
    case both
    /// At the same two points with one module's weights used twice.
    case bothShared = "both-shared"
    /// On the stream after the whole block.
    case block
    /// On what attention and MLP make, before it is added.
    case beforeAdd = "before-add"
    /// Beside attention and MLP, from the normalised stream.
    case parallel
  }

  /// The place within a block.
  public var kind: Kind
  /// The blocks.
  public var blocks: BlockSelection

  /// Adapters in all blocks.
  public static let afterEachResidual = Placement(.both)

  /// A place in some blocks.
  public init(_ kind: Kind, blocks: BlockSelection = .all) {
    self.kind = kind
    self.blocks = blocks
  }

  /// The sites of a network at which adapters stand, block by block.
  ///
  /// A block with one point has its adapter there, whatever the kind: residual convolutional networks, points given by hand.
  public func sites(in layout: BackboneLayout) -> [InsertionSite] {
    layout.blocks.filter { blocks.contains($0.index) }.flatMap { block in
      block.hasOnePoint ? block.points : block.points.filter { (kind == .block) == ($0.role == .block) }
    }
  }

  /// What the kind comes to in a network of a known family whose blocks have one point each; nil where it is what its name says.
  func note(in layout: BackboneLayout) -> String? {
    guard [.both, .bothShared].contains(kind), layout.family != nil, layout.blocks.allSatisfy(\.hasOnePoint)
    else { return nil }
    return
      "placement '\(kind.rawValue)': each block has one point, the value that it delivers, as for 'block'"
  }

  /// Whether the adapters of a block have their weights in common.
  func sharesWeights(in block: BackboneLayout.Block) -> Bool { kind == .bothShared && !block.hasOnePoint }
}

/// A choice of blocks, written `all` or as a list of numbers and ranges such as `0-3,8`.
public struct BlockSelection: Sendable, Hashable, CustomStringConvertible {
  /// Every block.
  public static let all = BlockSelection(ranges: nil)

  private let ranges: [ClosedRange<Int>]?

  private init(ranges: [ClosedRange<Int>]?) { self.ranges = ranges }

  /// Reads a choice of blocks.
  public init(parsing text: String) throws(AdapterError) {
    guard text != "all" else {
      self = .all
      return
    }
    var ranges: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first >= 0,
        first <= last
      else {
        throw .usage(
          "blocks '\(text)' are no list of numbers and ranges", option: "blocks", hint: "write 0-3,8 or all")
      }
      ranges.append(first...last)
    }
    self.init(ranges: ranges)
  }

  /// Whether a block is chosen.
  public func contains(_ block: Int) -> Bool { ranges?.contains { $0.contains(block) } ?? true }

  /// The highest block named, or nil for all.
  public var highest: Int? { ranges?.map(\.upperBound).max() }

  /// `all` or `0-3,8`.
  public var description: String {
    guard let ranges else { return "all" }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }
}
