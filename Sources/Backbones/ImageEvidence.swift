package import Graphs
import Tensors

/// What the constants of a graph tell of the images that it takes, where the file leaves their extents open.
///
/// Read before any shape is known, from nodes and the shapes of constants.
package struct ImageEvidence: Sendable, Equatable {
  /// Channels that the first convolution reads, or nil where none reads the image.
  package private(set) var channels: Int?
  /// Side of the square images whose patches the position embedding counts, or nil where there is no such embedding.
  package private(set) var side: Int?

  /// Side of the patches into which the first convolution cuts the image as it is fed; nil where it does something else, or
  /// where the network pads the image first.
  package private(set) var patch: Int?

  /// Prefix tokens that a position embedding may count besides the patches: class and distillation token, registers.
  private static let largestPrefix = 8

  /// Looks for the convolution that reads an input, and for the position embedding.
  package init(_ graph: Graph, input: String) {
    let nodes = ((try? graph.sorted()) ?? graph).nodes
    let constants = Self.constants(of: nodes, graph.initializers)
    guard let (convolution, kernel, isPadded) = Self.stem(of: nodes, constants, input: input) else { return }
    channels = Int.boundedProduct(max(Self.integers("group", of: convolution)?.first ?? 1, 1), kernel[1])
    guard let patch = Self.patch(of: convolution, kernel) else { return }
    if !isPadded { self.patch = patch }
    let grids = nodes.flatMap { node in
      node.inputs.compactMap { constants[$0] }.compactMap { Self.grid($0, width: kernel[0], readBy: node) }
    }
    side = grids.max().map { Int.boundedProduct($0, patch) }
  }

  /// The first convolution of what an input tells, with the extents of its kernel, and whether padding stands in front of it.
  private static func stem(of nodes: [Node], _ constants: [String: Shape], input: String) -> (
    node: Node, kernel: [Int], isPadded: Bool
  )? {
    var reached: Set = [input]
    var padded: Set<String> = []
    for node in nodes where node.inputs.contains(where: reached.contains) {
      if node.operatorName == OperatorName("Conv"), node.inputs.count > 1, reached.contains(node.inputs[0]),
        let kernel = constants[node.inputs[1]]?.extents, kernel.count == 4
      {
        return (node, kernel, padded.contains(node.inputs[0]))
      }
      let results = node.outputs.filter { !$0.isEmpty }
      reached.formUnion(results)
      if node.operatorName == OperatorName("Pad") || node.inputs.contains(where: padded.contains) {
        padded.formUnion(results)
      }
    }
    return nil
  }

  /// Shapes of initializers and constants, also where they only change their type on the way.
  private static func constants(of nodes: [Node], _ initializers: [TensorConstant]) -> [String: Shape] {
    var shapes: [String: Shape] = [:]
    for initializer in initializers { shapes[initializer.name] = initializer.shape }
    for node in nodes where node.operatorName.domain.isEmpty {
      guard let output = node.outputs.first else { continue }
      switch node.operatorName.type {
      case "Constant":
        if case .tensor(let tensor)? = node.attribute("value") { shapes[output] = tensor.shape }
      case "Identity", "Cast", "DequantizeLinear": shapes[output] = node.inputs.first.flatMap { shapes[$0] }
      default: break
      }
    }
    return shapes
  }

  private static func integers(_ name: String, of node: Node) -> [Int]? {
    switch node.attribute(name) {
    case .int(let value)?: [Int(clamping: value)]
    case .ints(let values)?: values.map { Int(clamping: $0) }
    default: nil
    }
  }

  /// Side of the square patches into which a convolution cuts the image; nil where it does something else.
  private static func patch(of node: Node, _ kernel: [Int]) -> Int? {
    guard kernel[2] == kernel[3], kernel[2] > 1,
      integers("strides", of: node) == [kernel[2], kernel[2]],
      (integers("pads", of: node) ?? []).allSatisfy({ $0 == 0 }),
      (integers("dilations", of: node) ?? []).allSatisfy({ $0 == 1 })
    else { return nil }
    return kernel[2]
  }

  /// Side of the square grid of positions in a constant: [1, P + g·g, C] or [1, g, g, C], [P + g·g, C] where it is read as
  /// an embedding is.
  private static func grid(_ shape: Shape, width: Int, readBy node: Node) -> Int? {
    let extents = shape.extents
    let products: Set = ["MatMul", "Gemm", "Conv"]
    guard extents.last == width, node.operatorName.domain.isEmpty,
      !products.contains(node.operatorName.type)
    else { return nil }
    switch extents.count {
    case 4: return extents[0] == 1 && extents[1] == extents[2] && extents[1] > 1 ? extents[1] : nil
    case 3 where extents[0] == 1: return side(ofPositions: extents[1])
    case 2 where ["Add", "Gather", "Unsqueeze"].contains(node.operatorName.type):
      return side(ofPositions: extents[0])
    default: return nil
    }
  }

  private static func side(ofPositions count: Int) -> Int? {
    guard count > 1 else { return nil }
    let side = Int(Double(count).squareRoot())
    return side > 1 && count - side * side <= largestPrefix ? side : nil
  }
}
