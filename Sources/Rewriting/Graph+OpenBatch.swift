package import Graphs
package import Operators
import Tensors

/// Why a file keeps the batch that it was exported with.
package struct FixedBatch: Error {
  /// The reason, with the node that it is about.
  package let reason: String

  /// A reason.
  package init(reason: String) { self.reason = reason }
}

extension Graph {
  /// This graph, exported with a batch of 1, for any number of images.
  ///
  /// Changed are the constants of Reshape, Expand and Resize that held the batch, operands that were stored for one image, and the
  /// dimensions that inputs, outputs and values declare.
  ///
  /// - Parameters:
  ///   - edits: what `BatchBinding` found.
  ///   - replacesComputedShapes: whether targets that follow the images' shape are replaced too, as they must be where an exporter computed
  ///     height and width but not the batch; right only where those are numbers in the file.
  ///   - image: the input that holds the images.
  ///   - batchAxes: the axis of a value that holds the batch, by its name.
  /// - Returns: the graph, and a line per changed node.
  package func openingBatch(
    _ edits: [BatchEdit], image: String, batchAxes: [String: Int], replacesComputedShapes: Bool = false
  ) throws -> (graph: Graph, changes: [String]) {
    var opening = BatchOpening(
      graph: self, image: image, replacesComputedShapes: replacesComputedShapes)
    for edit in edits { try opening.apply(edit) }
    var result = opening.finished
    for index in result.inputs.indices where result.inputs[index].name == image {
      result.inputs[index].openBatch(in: 0)
    }
    for index in result.outputs.indices {
      batchAxes[result.outputs[index].name].map { result.outputs[index].openBatch(in: $0) }
    }
    for index in result.valueDescriptions.indices {
      batchAxes[result.valueDescriptions[index].name].map {
        result.valueDescriptions[index].openBatch(in: $0)
      }
    }
    return (result, opening.changes)
  }
}

extension ValueDescription {
  /// Declares an axis as the batch: by name where one image has extent 1 there, else as open.
  fileprivate mutating func openBatch(in axis: Int) {
    guard case .tensor(let elementType, var dimensions?)? = type?.kind, dimensions.indices.contains(axis),
      case .value(let extent) = dimensions[axis].extent
    else { return }
    dimensions[axis] = Dimension(extent == 1 ? .parameter("batch") : .unknown)
    type = TypeDescription(
      .tensor(elementType: elementType, shape: dimensions), denotation: type?.denotation)
  }
}

/// A graph whose batch is being opened.
private struct BatchOpening {
  private(set) var changes: [String] = []
  private let original: Graph
  private let image: String
  private let replacesComputedShapes: Bool
  private let initializers: [String: TensorConstant]
  private var nodes: [[Node]]
  private var constants: [TensorConstant] = []
  private var positions: [String: Int] = [:]
  private var needsBatch = false

  private static let batch = "open_batch/images"

  init(graph: Graph, image: String, replacesComputedShapes: Bool) {
    original = graph
    self.image = image
    self.replacesComputedShapes = replacesComputedShapes
    initializers = Dictionary(graph.initializers.map { ($0.name, $0) }) { first, _ in first }
    nodes = graph.nodes.map { [$0] }
    for (position, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { positions[output] = position }
    }
  }

  mutating func apply(_ edit: BatchEdit) throws {
    guard let position = positions[edit.output] else {
      throw FixedBatch(reason: "'\(edit.output)' is part of a node that stands for others")
    }
    var node = nodes[position].removeLast()
    switch edit.change {
    case .reshape(let target, let axis):
      // What is computed from the images' shape, or says the batch by 0 or -1 already, stays.
      let stored = integers(node.inputs[1])
      if stored.map({ $0.count == target.count && $0[axis] > 0 }) ?? !followsImage(node.inputs[1]) {
        try requireElements(target, node)
        node.inputs[1] = try constant(open(target, axis), for: edit.output)
        note(node, "Reshape to \(open(target, axis))")
      }
      nodes[position].append(node)
    case .reshapeAndTranspose(let target, let axis, let permutation):
      try requireElements(target, node)
      let rows = "open_batch/rows/\(edit.output)"
      node.inputs[1] = try constant(open(target, axis), for: edit.output)
      note(node, "Reshape to \(open(target, axis)), then Transpose by \(permutation)")
      node.outputs[0] = rows
      nodes[position] += [
        node,
        Node(
          "Transpose", name: "open_batch/transpose/\(edit.output)", inputs: [rows], outputs: [edit.output],
          attributes: [Attribute("perm", permutation)]),
      ]
    case .repeatOperand(let index, let shape, let axis):
      let repeated = "open_batch/operand_\(index)/\(edit.output)"
      let target = try dynamicShape(shape, axis, before: position, for: repeated)
      nodes[position].append(
        Node("Expand", name: repeated, inputs: [node.inputs[index], target], outputs: [repeated]))
      note(node, "operand \(index) repeated for every image")
      node.inputs[index] = repeated
      nodes[position].append(node)
    case .tileOperand(let index, let shape, let axis):
      let tiled = "open_batch/operand_\(index)/\(edit.output)"
      let ones = [Int](repeating: 1, count: shape.count)
      let repeats = try dynamicShape(ones, axis, before: position, for: tiled)
      nodes[position].append(
        Node("Tile", name: tiled, inputs: [node.inputs[index], repeats], outputs: [tiled]))
      note(node, "operand \(index) repeated for every image")
      node.inputs[index] = tiled
      nodes[position].append(node)
    case .scaleExtents(let index, let extents, let place):
      if !followsImage(node.inputs[index]) {
        node.inputs[index] = try dynamicShape(extents, place, before: position, for: edit.output)
        note(node, "\(node.operatorName) to \(extents) times the images at position \(place)")
      }
      nodes[position].append(node)
    case .gatherPerImage(let source, let positions, let shape):
      let images = "open_batch/images_of/\(edit.output)"
      nodes[position].append(
        Node(
          "Reshape", name: images,
          inputs: [node.inputs[0], try constant([-1] + source, for: edit.output)], outputs: [images]))
      let list = "open_batch/positions/\(edit.output)"
      let extents = Shape(shape)
      constants.append(TensorConstant(name: list, try Tensor(positions.map(Int64.init), shape: extents)))
      node.inputs = [images, list]
      node.attributes = [Attribute("axis", 1)]
      note(node, "its list applied to every image")
      nodes[position].append(node)
    }
  }

  private mutating func note(_ node: Node, _ change: String) { changes.append("\(node.label): \(change)") }

  private func open(_ target: [Int], _ axis: Int) -> [Int] {
    target.enumerated().map { $0.offset == axis ? -1 : $0.element }
  }

  /// Refuses an empty result: a 0 in a target copies the operand's extent, which would be another shape.
  private func requireElements(_ target: [Int], _ node: Node) throws {
    guard !target.contains(0) else { throw FixedBatch(reason: "\(node.label): its result is empty") }
  }

  /// Whether a value is computed from the images, or from their shape.
  private func followsImage(_ name: String) -> Bool {
    guard !replacesComputedShapes else { return false }
    var (open, seen): ([String], Set<String>) = ([name], [])
    while let next = open.popLast() {
      guard next != image else { return true }
      guard seen.insert(next).inserted, let position = positions[next] else { continue }
      open += original.nodes[position].usedNames
    }
    return false
  }

  /// The integers of an initializer or a Constant node; nil where they are computed.
  private func integers(_ name: String) -> [Int]? {
    if let tensor = initializers[name]?.tensor { return tensor.integers }
    guard let position = positions[name] else { return nil }
    let node = original.nodes[position]
    guard node.operatorName == OperatorName("Constant") else { return nil }
    switch node.attribute("value") ?? node.attribute("value_ints") ?? node.attribute("value_int") {
    case .tensor(let constant)?: return constant.tensor?.integers
    case .ints(let values)?: return values.map { Int($0) }
    case .int(let value)?: return [Int(value)]
    default: return nil
    }
  }

  private mutating func constant(_ values: [Int], for output: String) throws -> String {
    let name = "open_batch/shape/\(output)"
    constants.append(TensorConstant(name: name, try Tensor(values.map(Int64.init))))
    return name
  }

  /// A shape with an axis times the number of images, computed in front of a node.
  private mutating func dynamicShape(_ shape: [Int], _ axis: Int, before position: Int, for value: String)
    throws
    -> String
  {
    needsBatch = true
    let name = "open_batch/shape/\(value)"
    var parts: [String] = []
    if axis > 0 { parts.append(try constant(Array(shape[..<axis]), for: value + "/front")) }
    if shape[axis] == 1 {
      parts.append(Self.batch)
    } else {
      let count = try constant([shape[axis]], for: value + "/factor")
      nodes[position].append(
        Node("Mul", name: name + "/extent", inputs: [Self.batch, count], outputs: [name + "/extent"]))
      parts.append(name + "/extent")
    }
    if axis < shape.count - 1 {
      parts.append(try constant(Array(shape[(axis + 1)...]), for: value + "/back"))
    }
    nodes[position].append(
      Node("Concat", name: name, inputs: parts, outputs: [name], attributes: [Attribute("axis", 0)]))
    return name
  }

  /// The graph with all changes; constants that nothing reads any more are gone.
  var finished: Graph {
    var result = original
    var front: [Node] = []
    var constants = constants
    if needsBatch, let zero = try? Tensor([Int64(0)]) {
      constants.append(TensorConstant(name: "open_batch/first", zero))
      front = [
        Node("Shape", name: "open_batch/shape", inputs: [image], outputs: ["open_batch/shape"]),
        Node(
          "Gather", name: Self.batch, inputs: ["open_batch/shape", "open_batch/first"], outputs: [Self.batch],
          attributes: [Attribute("axis", 0)]),
      ]
    }
    let all = front + nodes.flatMap(\.self)
    let wasRead = Set(original.nodes.flatMap(\.usedNames))
    let kept = Set(result.outputs.map(\.name)).union(all.flatMap(\.usedNames))
    let unread = wasRead.subtracting(kept)
    result.nodes = all.filter { node in
      node.operatorName != OperatorName("Constant") || !node.outputs.allSatisfy { unread.contains($0) }
    }
    result.initializers.removeAll { unread.contains($0.name) }
    result.inputs.removeAll { unread.contains($0.name) && $0.name != image }
    result.initializers += constants
    return result
  }
}
