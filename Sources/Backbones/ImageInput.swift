import Graphs
import Tensors

/// The input that takes images, and what the network itself does to their values first.
public struct ImageInput: Sendable, Hashable {
  /// Scale and shift per channel that the network applies to its input: x · scale + shift.
  public struct Normalization: Sendable, Hashable {
    /// Factor per channel.
    public let scale: [Double]
    /// Summand per channel.
    public let shift: [Double]

    /// The mean that is subtracted: where the result is zero.
    public var mean: [Double] { zip(scale, shift).map { $0 == 0 ? 0 : -$1 / $0 } }
    /// The deviation that is divided by.
    public var deviation: [Double] { scale.map { $0 == 0 ? 0 : 1 / $0 } }
  }

  /// The input's name.
  public let name: String
  /// Rows of pixels.
  public let height: Int
  /// Columns of pixels.
  public let width: Int
  /// Colours.
  public let channels: Int
  /// The batch, where the file fixes it.
  public let fixedBatch: Int?
  /// What the network does to the values before its first convolution, or nil for nothing.
  public let normalization: Normalization?
}

extension ImageInput {
  /// The image input of any network: with what the graph does to its values where a convolution reads it, else as far as the
  /// shape of the first input tells.
  package static func first(of view: GraphView) -> ImageInput? {
    if let stem = try? ImageStem(view) { return stem.image }
    guard let input = view.inputs.first else { return nil }
    let extents = view.extents(input)
    guard extents.count == 4 else { return nil }
    return ImageInput(
      name: input, height: extents[2], width: extents[3], channels: extents[1],
      fixedBatch: view.fixedBatch(of: input), normalization: nil)
  }
}

/// The first convolution of a network with the image input in front of it.
struct ImageStem {
  let image: ImageInput
  let convolution: Node
  let convolutionIndex: Int

  /// Finds the image input and the convolution that reads it.
  init(_ view: GraphView) throws(Mismatch) {
    guard let input = view.inputs.first else { throw Mismatch("the network has no input") }
    guard view.inputs.count == 1 else {
      let names = view.inputs.map { "'\($0)'" }.joined(separator: ", ")
      throw Mismatch("the network has \(view.inputs.count) inputs, \(names), expected one image input")
    }
    let extents = view.extents(input)
    guard extents.count == 4 else {
      throw Mismatch("input '\(input)' has shape \(extents), expected [B, channels, height, width]")
    }
    try Self.requireOneNetwork(behind: input, in: view)
    var value = input
    var scale = [Double](repeating: 1, count: extents[1])
    var shift = [Double](repeating: 0, count: extents[1])
    var isNormalized = false
    var found: Int?
    while found == nil {
      guard let index = view.consumers(value).first(where: { view.isRead($0) }),
        let result = view.nodes[index].outputs.first
      else {
        throw Mismatch("no convolution reads the image input '\(input)'")
      }
      let node = view.nodes[index]
      switch node.operatorName.type {
      case "Conv" where node.inputs.first == value: found = index
      case "Identity", "Cast", "Pad": value = result
      case "Clip" where view.dataInputs(node) == [value]: value = result
      case "BatchNormalization" where node.inputs.count == 5 && view.dataInputs(node) == [value]:
        guard let (factors, summands) = Self.folded(node, count: extents[1], in: view) else {
          throw Mismatch("'\(node.label)' changes the image by numbers that are not known", at: [node.label])
        }
        for channel in 0..<extents[1] {
          scale[channel] *= factors[channel]
          shift[channel] = shift[channel] * factors[channel] + summands[channel]
        }
        isNormalized = true
        value = result
      case "Sub", "Add", "Mul", "Div":
        guard node.inputs.count == 2,
          node.inputs[0] == value || ["Add", "Mul"].contains(node.operatorName.type),
          let other = node.inputs.first(where: { $0 != value }),
          let numbers = Self.perChannel(other, count: extents[1], in: view)
        else {
          throw Mismatch(
            "'\(node.label)' changes the image in a way that is no scale and shift per channel",
            at: [node.label])
        }
        for channel in 0..<extents[1] {
          switch node.operatorName.type {
          case "Sub": shift[channel] -= numbers[channel]
          case "Add": shift[channel] += numbers[channel]
          case "Mul":
            scale[channel] *= numbers[channel]
            shift[channel] *= numbers[channel]
          default:
            scale[channel] /= numbers[channel]
            shift[channel] /= numbers[channel]
          }
        }
        isNormalized = true
        value = result
      default:
        throw Mismatch(
          "no convolution reads the image input '\(input)': '\(node.label)' (\(node.operatorName)) does",
          at: [node.label])
      }
    }
    guard let index = found else { throw Mismatch("no convolution reads the image input '\(input)'") }
    convolutionIndex = index
    convolution = view.nodes[index]
    image = ImageInput(
      name: input, height: extents[2], width: extents[3], channels: extents[1],
      fixedBatch: view.fixedBatch(of: input),
      normalization: isNormalized ? .init(scale: scale, shift: shift) : nil)
  }

  /// Refuses images that reach several convolutions before any other one has seen them.
  private static func requireOneNetwork(behind input: String, in view: GraphView) throws(Mismatch) {
    var pending = [input]
    var seen = Set(pending)
    var first: Set<Int> = []
    while let value = pending.popLast() {
      for index in view.consumers(value) {
        if view.nodes[index].operatorName == OperatorName("Conv") {
          first.insert(index)
        } else {
          pending += view.nodes[index].outputs.filter { seen.insert($0).inserted }
        }
      }
    }
    let stems = first.sorted().map { view.nodes[$0].label }
    guard stems.count > 1 else { return }
    let names = stems.prefix(4).map { "'\($0)'" }.joined(separator: ", ")
    throw Mismatch(
      "\(stems.count) convolutions read the image input '\(input)', \(names): several networks in one file, or branches, "
        + "expected one network", at: stems)
  }

  /// The map that the convolution makes.
  var map: String { convolution.outputs.first ?? "" }

  /// Requires that the convolution cuts the image into patches: kernel and stride agree and nothing is padded.
  func requirePatches(in view: GraphView) throws(Mismatch) {
    let label = convolution.label
    let kernel = Array((view.shape(convolution.inputs[1])?.extents ?? []).dropFirst(2))
    guard kernel.count == 2 else {
      throw Mismatch(
        "the first convolution '\(label)' has \(kernel.count) spatial axes, expected 2", at: [label])
    }
    let strides = view.integers("strides", operand: .max, of: convolution) ?? [1, 1]
    let pads = view.integers("pads", operand: .max, of: convolution) ?? [0, 0, 0, 0]
    guard kernel == strides, pads.allSatisfy({ $0 == 0 }), kernel[0] > 1 || kernel[1] > 1 else {
      let size = kernel.map(String.init).joined(separator: "×")
      throw Mismatch(
        "the first convolution '\(label)' (\(size), stride \(strides.first ?? 1), padding \(pads.first ?? 0)) does not "
          + "cut the image into patches", at: [label])
    }
  }

  /// Factor and summand per channel of a BatchNormalization with stored statistics.
  private static func folded(_ node: Node, count: Int, in view: GraphView) -> (
    factors: [Double], summands: [Double]
  )? {
    let numbers = node.inputs.dropFirst().compactMap { view.constant($0)?.doubles }
    guard numbers.count == 4, numbers.allSatisfy({ $0.count == count }) else { return nil }
    let epsilon: Float = if case .float(let value)? = node.attribute("epsilon") { value } else { 1e-5 }
    let factors = zip(numbers[0], numbers[3]).map { $0 / ($1 + Double(epsilon)).squareRoot() }
    return (factors, factors.indices.map { numbers[1][$0] - numbers[2][$0] * factors[$0] })
  }

  /// The numbers of a constant that holds one per channel, or one for all.
  private static func perChannel(_ value: String, count: Int, in view: GraphView) -> [Double]? {
    guard let numbers = view.constant(value)?.doubles else { return nil }
    if numbers.count == 1 { return [Double](repeating: numbers[0], count: count) }
    let extents = view.extents(value)
    guard numbers.count == count, extents.count >= 3, extents[extents.count - 3] == count else { return nil }
    return numbers
  }
}

extension GraphView {
  /// The batch that the file fixes for an input, or nil where it leaves it open.
  func fixedBatch(of input: String) -> Int? {
    guard let description = model.graph.inputs.first(where: { $0.name == input }),
      case .tensor(_, let dimensions?)? = description.type?.kind,
      case .value(let batch)? = dimensions.first?.extent
    else { return nil }
    return Int(exactly: batch)
  }
}
