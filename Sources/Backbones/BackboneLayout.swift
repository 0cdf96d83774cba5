package import Operators
package import Tensors

/// What a recogniser found in a network: where adapters go, what the head is, what the image input wants.
public struct BackboneLayout: Sendable {
  /// One block of the network.
  public struct Block: Sendable {
    /// Position in the network, from 0.
    public let index: Int
    /// Stage, from 0.
    public let stage: Int
    /// Where adapters may be put, in the order in which data pass.
    public let points: [InsertionSite]

    /// Whether the value that it delivers is its only point, which every placement means then.
    public var hasOnePoint: Bool { points.count == 1 && points[0].role == .block }

    /// A block with its points.
    package init(index: Int, stage: Int, points: [InsertionSite]) {
      self.index = index
      self.stage = stage
      self.points = points
    }
  }

  /// The family's name, for example `vit`, or nil where the points were given by hand.
  public var family: String?
  /// The variant in words, for example `timm ViT, class token`.
  public var variant: String
  /// The blocks.
  public var blocks: [Block]
  /// The classifier, or nil where the network delivers features.
  public var head: ClassifierHead?
  /// The head for pixels that the file has; nil where it has none.
  public internal(set) var decoder: PixelHead?
  /// Outputs of other heads for pixels that could be meant just as well; empty where there is no doubt.
  public internal(set) var decoderRivals: [String] = []
  /// What a new classifier reads, or nil where nothing suits.
  public var headInput: HeadInput?
  /// The last map of each grid, in the order of the network; empty where no blocks are known.
  public internal(set) var maps: [FeatureMap] = []
  /// The last of them behind the network's final normalisation, or as it is where there is none.
  public internal(set) var finalMap: FeatureMap?
  /// The graph output that the classifier makes, or that a new one replaces.
  public var output: String
  /// Other outputs that are a classifier's just as well; empty where one is.
  public var rivals: [String]
  /// The image input, or nil where points were given by hand and no input has four axes.
  public var image: ImageInput?
  /// Tensors that full fine-tuning trains, the head's included.
  public var weights: [BackboneWeight]
  /// What the file's nodes that stand for others were replaced by when the network was looked at; nil where there are none.
  package var expansion: Expansion?
  /// Type in the file of values that it stores in fewer bits than they are computed in: floats of 16 bits.
  package var storedTypes: [String: ElementType] = [:]

  /// A layout.
  package init(
    family: String?, variant: String, blocks: [Block], head: ClassifierHead?, headInput: HeadInput?,
    output: String, rivals: [String] = [], image: ImageInput?, weights: [BackboneWeight]
  ) {
    self.family = family
    self.variant = variant
    self.blocks = blocks
    self.head = head
    self.headInput = headInput
    self.output = output
    self.rivals = rivals
    self.image = image
    self.weights = weights
  }

  /// All sites of all blocks.
  public var sites: [InsertionSite] { blocks.flatMap(\.points) }

  /// The sites of one role, block by block.
  public func sites(_ role: InsertionSite.Role) -> [InsertionSite] { sites.filter { $0.role == role } }
}
