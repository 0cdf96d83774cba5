import Graphs
import Tensors

/// Rewrites a batch extent that an exporter baked into a graph, while the graph is lowered at another batch.
///
/// The same graph lowered at its own batch tells which axis of every value carries the batch: the one that
/// differs. A Reshape whose constant target names the old extent gets a new target; a Concat operand that was
/// stored at the old extent (a class token) is expanded, an Expand whose constant names the old extent gets a new one,
/// and so do the sizes of a Resize; a Gather of an image's numbers by a list gets the lists of all images. Queries that are computed from weights alone
/// (SigLIP's pooling) are expanded where they meet the keys of all images, so that a batch multiplies as an image does.
/// Where tokens stand in front of images, as torchvision orders them, a Reshape merges both into rows,
/// `[N, 1, h, d] → [N · 1, h · d]`: the batch is then the inner factor of its axis, which is remembered until a Reshape takes the rows apart again.
/// At a batch of one an optimiser may also write a Transpose of tokens and images as a Reshape; where the target has
/// an axis of extent 1 elsewhere than row-major order asks for, the Transpose is put back.
/// Numbers for the windows of one image (Swin's masks) are repeated where they meet those of all images.
/// Callers prove the result by comparing runs.
struct BatchBinding {
  /// The graph lowered at the batch it was exported with.
  let reference: LoweredGraph
  /// How many positions of its axis stand in front of a value's batch, where the batch is not the outer factor.
  private var rowsBefore: [String: Int] = [:]
  /// What the file's nodes would need to take any batch.
  private(set) var edits: [BatchEdit] = []

  /// A binding against the graph at its own batch.
  init(reference: LoweredGraph) { self.reference = reference }

  /// What stands in a node's place.
  enum Addition {
    case constant(name: String, Tensor)
    case node(LoweredNode)
  }

  /// The constants and nodes that take a node's place in the graph being lowered; nil where it stays.
  ///
  /// Nodes are asked for in topological order, each once.
  mutating func rewritten(_ node: LoweredNode, in graph: LoweredGraph) throws(OperatorError) -> [Addition]? {
    if let rows = node.inputs.compactMap({ rowsBefore[$0] }).first {
      for output in node.outputs { rowsBefore[output] = rows }
    }
    switch node.operation {
    case is Reshape: return try reshape(node, in: graph)
    case let join as Concat: return try concat(node, join, in: graph)
    case is Expand: return try expand(node, in: graph)
    case let resize as Resize: return try self.resize(node, resize, in: graph)
    case is GridSample: return try samples(node, in: graph)
    case let gather as Gather: return try self.gather(node, gather, in: graph)
    case is MatMul, is Attention: return try product(node, in: graph)
    case is any BinaryElementwise: return try windows(node, in: graph)
    default: return nil
    }
  }

  /// The axis in which a value's shape differs from the reference, and by which factor.
  private func batchAxis(of value: String, in graph: LoweredGraph) -> (axis: Int, factor: Int)? {
    guard let before = reference.types[value]?.shape, let now = graph.types[value]?.shape,
      before.rank == now.rank
    else { return nil }
    let differing = (0..<now.rank).filter { before.extents[$0] != now.extents[$0] }
    guard differing.count == 1, let axis = differing.first, before.extents[axis] > 0,
      now.extents[axis] % before.extents[axis] == 0
    else { return nil }
    return (axis, now.extents[axis] / before.extents[axis])
  }

  private mutating func reshape(_ node: LoweredNode, in graph: LoweredGraph) throws(OperatorError)
    -> [Addition]?
  {
    rowsBefore[node.outputs[0]] = nil
    guard let batch = batchAxis(of: node.inputs[0], in: graph),
      let source = reference.types[node.inputs[0]]?.shape,
      let target = reference.types[node.outputs[0]]?.shape
    else { return nil }
    // Reading in row-major order, the batch varies slower than all that follows this many positions.
    let leading = Int.boundedProduct(source.product(0..<batch.axis), rowsBefore[node.inputs[0]] ?? 1)
    // An axis of extent 1 that is not the batch's stays where it is: beside one the batch has been merged, not moved.
    let hasOtherUnits = source.extents.indices.contains { $0 != batch.axis && source[$0] == 1 }
    if !hasOtherUnits, let moved = BatchBinding.transposition(of: target, after: leading) {
      let (rows, permutation) = BatchBinding.rows(of: target, moving: moved, 1)
      edits.append(
        BatchEdit(
          output: node.outputs[0],
          change: .reshapeAndTranspose(target: rows, axis: moved.from, permutation: permutation)))
      return try reshape(node, to: target, moving: moved, batch.factor)
    }
    guard let (axis, rows) = BatchBinding.place(after: leading, in: target) else { return nil }
    if rows > 1 { rowsBefore[node.outputs[0]] = rows }
    edits.append(
      BatchEdit(output: node.outputs[0], change: .reshape(target: target.extents, axis: axis)))
    var extents = target.extents
    extents[axis] *= batch.factor
    return try BatchBinding.reshape(node, to: extents, result: node.outputs[0])
  }

  /// A Reshape of a node's operand to other extents, behind the constant that holds them.
  private static func reshape(_ node: LoweredNode, to extents: [Int], result: String) throws(OperatorError)
    -> [Addition]
  {
    let name = "\(result)/batch_shape"
    let reshape = LoweredNode(
      Reshape(allowsZero: extents.contains(0)), [node.inputs[0], name], outputs: [result], name: node.name)
    return [.constant(name: name, try shape(extents)), .node(reshape)]
  }

  private static func shape(_ extents: [Int]) throws(OperatorError) -> Tensor {
    do { return try Tensor(extents.map(Int64.init)) } catch {
      throw OperatorError(.outOfMemory, "no memory for a shape")
    }
  }

  /// The Reshape in row-major order, then the Transpose that brings the batch to its axis.
  private func reshape(
    _ node: LoweredNode, to target: Shape, moving moved: (from: Int, to: Int), _ factor: Int
  ) throws(OperatorError) -> [Addition] {
    let (extents, permutation) = BatchBinding.rows(of: target, moving: moved, factor)
    let rows = "\(node.outputs[0])/batch_rows"
    let transpose = LoweredNode(Transpose(permutation), [rows], outputs: node.outputs, name: node.name)
    return try BatchBinding.reshape(node, to: extents, result: rows) + [.node(transpose)]
  }

  /// The target in row-major order with the batch where it stands there, and the permutation that moves it to its axis.
  private static func rows(of target: Shape, moving moved: (from: Int, to: Int), _ factor: Int)
    -> (extents: [Int], permutation: [Int])
  {
    var extents = target.extents
    extents.remove(at: moved.to)
    extents.insert(factor, at: moved.from)
    var permutation = Array(0..<extents.count)
    permutation.remove(at: moved.from)
    permutation.insert(moved.from, at: moved.to)
    return (extents, permutation)
  }

  /// The axis that the batch must be moved from, and its place: the only axis of extent 1, where that is not the
  /// one that stands after `leading` positions.
  private static func transposition(of shape: Shape, after leading: Int) -> (from: Int, to: Int)? {
    let units = (0..<shape.rank).filter { shape[$0] == 1 }
    guard units.count == 1, let to = units.first, shape.product(0..<to) != leading else { return nil }
    var others = shape.extents
    others.remove(at: to)
    let from = (0...others.count).first { others[..<$0].reduce(1, *) == leading }
    return from.map { ($0, to) }
  }

  /// The axis of a shape that takes up the batch standing after `leading` positions, and how many positions of
  /// that axis stand in front of it.
  ///
  /// An axis of extent 1 at that place is the batch itself. Otherwise it is the outer factor of the axis that
  /// begins there, unless that is the last one: features never are multiplied, so the batch has been merged into
  /// the rows before them.
  private static func place(after leading: Int, in shape: Shape) -> (axis: Int, rows: Int)? {
    let starts = (0..<shape.rank).filter { shape.product(0..<$0) == leading }
    if let axis = starts.first(where: { shape[$0] == 1 }) { return (axis, 1) }
    if let axis = starts.first, axis < shape.rank - 1 || axis == 0 { return (axis, 1) }
    for axis in 0..<shape.rank {
      let before = shape.product(0..<axis)
      guard before > 0, leading > before, leading % before == 0,
        (shape[axis] * before) % leading == 0
      else { continue }
      return (axis, leading / before)
    }
    return nil
  }

  /// An Expand whose constant names the extent that carries the batch, as Swin V2 has for the windows of all images.
  private mutating func expand(_ node: LoweredNode, in graph: LoweredGraph) throws(OperatorError)
    -> [Addition]?
  {
    // An extent of 1 takes what the operand has.
    try scaling(1, of: node, in: graph) { axis, source, extents in
      let position = axis + extents.count - source.rank
      return extents.indices.contains(position) && extents[position] > 1 ? position : nil
    }
  }

  /// A Resize whose sizes name the extent that carries the batch, as exporters write them for images of one size.
  private mutating func resize(_ node: LoweredNode, _ resize: Resize, in graph: LoweredGraph)
    throws(OperatorError)
    -> [Addition]?
  {
    try scaling(3, of: node, in: graph) { axis, source, _ in resize.position(of: axis, in: source) }
  }

  /// The node with the batch's extent multiplied in an operand that holds extents of the result.
  ///
  /// - Parameter position: where the operand has the extent of an axis of the first operand, of this shape; nil where it has none.
  private mutating func scaling(
    _ index: Int, of node: LoweredNode, in graph: LoweredGraph,
    position: (_ axis: Int, _ source: Shape, _ extents: [Int]) -> Int?
  ) throws(OperatorError) -> [Addition]? {
    guard node.inputs.count > index, let batch = batchAxis(of: node.inputs[0], in: graph),
      let source = reference.types[node.inputs[0]]?.shape,
      var extents = graph.constants[node.inputs[index]]?.integers,
      let position = position(batch.axis, source, extents), extents.indices.contains(position),
      extents[position] == source[batch.axis]
    else { return nil }
    edits.append(
      BatchEdit(
        output: node.outputs[0],
        change: .scaleExtents(index: index, extents: extents, position: position)))
    extents[position] *= batch.factor
    var result = node
    result.inputs[index] = "\(node.outputs[0])/batch_extents"
    return [.constant(name: result.inputs[index], try BatchBinding.shape(extents)), .node(result)]
  }

  /// Places in the map of one image, where maps of all images are read at them.
  private mutating func samples(_ node: LoweredNode, in graph: LoweredGraph) throws(OperatorError)
    -> [Addition]?
  {
    guard let batch = batchAxis(of: node.inputs[0], in: graph), batch.axis == 0 else { return nil }
    return try expanding(1..<2, of: node, along: batch, in: graph)
  }

  /// A Gather of all numbers of an image by a list, as which dynamo writes a flattening: the list of every image.
  private mutating func gather(_ node: LoweredNode, _ gather: Gather, in graph: LoweredGraph)
    throws(OperatorError)
    -> [Addition]?
  {
    guard let batch = batchAxis(of: node.inputs[0], in: graph), batch.axis == 0,
      rowsBefore[node.inputs[0]] == nil, let source = reference.types[node.inputs[0]]?.shape,
      source.normalizedAxis(gather.axis) == 0, let list = graph.constants[node.inputs[1]],
      let positions = list.integers, list.shape.rank > 1, list.shape[0] == 1
    else { return nil }
    edits.append(
      BatchEdit(
        output: node.outputs[0],
        change: .gatherPerImage(
          source: source.extents, positions: positions, shape: Array(list.shape.extents.dropFirst()))))
    let extent = source[0]
    let all = (0..<batch.factor).flatMap { image in
      positions.map { Int64(($0 < 0 ? $0 + extent : $0) + image * extent) }
    }
    let name = "\(node.outputs[0])/batch_positions"
    let tensor: Tensor
    do { tensor = try Tensor(all, shape: Shape([batch.factor] + list.shape.extents.dropFirst())) } catch {
      throw OperatorError(.outOfMemory, "no memory for positions")
    }
    return [
      .constant(name: name, tensor),
      .node(LoweredNode(gather, [node.inputs[0], name], outputs: node.outputs, name: node.name)),
    ]
  }

  private mutating func concat(_ node: LoweredNode, _ join: Concat, in graph: LoweredGraph)
    throws(OperatorError)
    -> [Addition]?
  {
    guard let batch = node.inputs.compactMap({ batchAxis(of: $0, in: graph) }).first,
      let axis = graph.types[node.inputs[0]]?.shape.normalizedAxis(join.axis), axis != batch.axis
    else { return nil }
    return try expanding(node.inputs.indices, of: node, along: batch, in: graph)
  }

  /// A sum or product of what every image has several of, such as windows, with numbers for those of one image.
  private mutating func windows(_ node: LoweredNode, in graph: LoweredGraph) throws(OperatorError)
    -> [Addition]?
  {
    for (index, other) in [(0, 1), (1, 0)] {
      let (input, operand) = (node.inputs[index], node.inputs[other])
      guard let batch = batchAxis(of: input, in: graph), batchAxis(of: operand, in: graph) == nil,
        rowsBefore[input] == nil, let own = reference.types[input]?.shape,
        let shape = graph.types[operand]?.shape
      else { continue }
      let axis = batch.axis + shape.rank - own.rank
      guard (0..<shape.rank).contains(axis), shape[axis] > 1, shape[axis] == own[batch.axis] else { continue }
      edits.append(
        BatchEdit(
          output: node.outputs[0], change: .tileOperand(index: other, shape: shape.extents, axis: axis)))
      var repeats = [Int](repeating: 1, count: shape.rank)
      repeats[axis] = batch.factor
      let name = "\(node.outputs[0])/batch_operand_\(other)"
      var result = node
      result.inputs[other] = name
      return [
        .constant(name: "\(name)/repeats", try BatchBinding.shape(repeats)),
        .node(LoweredNode(Tile(), [operand, "\(name)/repeats"], outputs: [name])), .node(result),
      ]
    }
    return nil
  }

  /// A product or an attention per image whose rows are none of the images', but queries computed from weights.
  ///
  /// Columns that are none of the images' are weights, which stay one matrix.
  private mutating func product(_ node: LoweredNode, in graph: LoweredGraph) throws(OperatorError)
    -> [Addition]?
  {
    let ranks = node.inputs.map { graph.types[$0]?.shape.rank ?? 0 }
    guard let batch = batchAxis(of: node.inputs[1], in: graph), ranks[0] == ranks[1],
      batch.axis < ranks[0] - 2
    else { return nil }
    return try expanding(0..<1, of: node, along: batch, in: graph)
  }

  /// The node with those of the operands expanded to the batch that have an extent of 1 where another carries it.
  private mutating func expanding(
    _ operands: Range<Int>, of node: LoweredNode, along batch: (axis: Int, factor: Int),
    in graph: LoweredGraph
  ) throws(OperatorError) -> [Addition]? {
    var additions: [Addition] = []
    var result = node
    for index in operands where batchAxis(of: node.inputs[index], in: graph) == nil {
      let input = node.inputs[index]
      guard let shape = graph.types[input]?.shape, shape.extents[batch.axis] == 1 else { continue }
      // A product of matrices repeats its operands itself.
      if !(node.operation is MatMul) {
        edits.append(
          BatchEdit(
            output: node.outputs[0],
            change: .repeatOperand(index: index, shape: shape.extents, axis: batch.axis)))
      }
      var extents = shape.extents
      extents[batch.axis] = batch.factor
      let name = "\(node.outputs[0])/batch_operand_\(index)"
      additions.append(.constant(name: "\(name)/shape", try BatchBinding.shape(extents)))
      additions.append(.node(LoweredNode(Expand(), [input, "\(name)/shape"], outputs: [name])))
      result.inputs[index] = name
    }
    return additions.isEmpty ? nil : additions + [.node(result)]
  }
}
