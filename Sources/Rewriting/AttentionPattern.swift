import Graphs
import Operators
import Tensors

/// An attention as exporters write it, before its operands are looked at.
///
///     Y = softmax(factor · Q · K + masks) · V
struct AttentionPattern {
  /// A constant that meets the scores where they have some shape.
  struct ScoreConstant {
    /// Of a shape that broadcasts to that of the scores.
    let tensor: Tensor
    /// Extents of the scores there; the last two are queries and keys.
    let scores: [Int]

    /// Extents of the constant, with as many axes as the scores have.
    var extents: [Int] {
      [Int](repeating: 1, count: max(scores.count - tensor.shape.rank, 0)) + tensor.shape.extents
    }

    /// Elements between two steps of each axis, 0 where the constant repeats.
    var strides: [Int] { zip(extents, Shape(extents).strides).map { $0 == 1 ? 0 : $1 } }
  }

  /// Q [L…, N, d].
  let query: String
  /// K, [L…, d, M] or, where `keyIsTransposed` is false, [L…, M, d].
  let key: String
  /// V [L…, M, e].
  let value: String
  /// Whether the last two axes of K stand as the product reads them.
  let keyIsTransposed: Bool
  /// What the scores are multiplied with.
  let factor: Double
  /// What the scores are multiplied with beside `factor`, such as a scale per head.
  let scales: [ScoreConstant]
  /// What is added to the scaled scores.
  let masks: [ScoreConstant]
  /// The node that makes Y and goes.
  let last: EditableGraph.NodeID
  /// Y, [L…, N, e].
  let result: String
}

extension AttentionPattern {
  /// The attention around a Softmax.
  ///
  /// - Throws: what was found instead.
  static func around(_ softmax: LoweredNode, in graph: EditableGraph) throws(MatchFailure) -> AttentionPattern
  {
    func fail(_ reason: String) -> MatchFailure {
      MatchFailure(rule: FuseAttention().label, node: softmax.label, reason: reason)
    }
    let scores = softmax.inputs[0]
    let rank = graph.shape(scores).rank
    guard rank >= 2, let operation = softmax.operation as? Softmax,
      operation.isOverLastAxis(of: graph.shape(scores))
    else { throw fail("normalises over another axis than the last") }
    let before = try scoreProduct(scores, in: graph, fail: fail)
    let (weights, hasGuard) = guarded(softmax.outputs[0], in: graph)
    if hasGuard, hasEmptyRow(before.masks) {
      throw fail("a row of the mask admits no key, whose result the exporter sets to zero")
    }
    guard let product = graph.soleReader(of: weights), product.node.type == "MatMul",
      product.node.operatorName.domain.isEmpty, product.node.inputs[0] == weights
    else { throw fail("'\(weights)' is not read by one MatMul alone") }
    return AttentionPattern(
      query: before.query, key: before.key, value: product.node.inputs[1], keyIsTransposed: true,
      factor: before.factor, scales: before.scales, masks: before.masks, last: product.id,
      result: product.node.outputs[0])
  }

  /// What lies between a product and its softmax.
  private struct Scores {
    let query: String
    let key: String
    let factor: Double
    let scales: [ScoreConstant]
    let masks: [ScoreConstant]
  }

  /// Walks from the scores back to the product of queries and keys, through reshapes that cut batch and heads differently.
  private static func scoreProduct(
    _ scores: String, in graph: EditableGraph, fail: (String) -> MatchFailure
  ) throws(MatchFailure) -> Scores {
    var value = scores
    var factor = 1.0
    var (scales, masks) = ([ScoreConstant](), [ScoreConstant]())
    while true {
      guard graph.isInner(value) else { throw fail("'\(value)' has other readers or was asked for") }
      guard let maker = graph.maker(of: value), maker.node.operatorName.domain.isEmpty else {
        throw fail("'\(value)' is no product of queries and keys")
      }
      let node = maker.node
      if node.type == "MatMul" {
        return Scores(
          query: node.inputs[0], key: node.inputs[1], factor: factor, scales: scales, masks: masks)
      }
      let extents = graph.shape(value).extents
      if node.type == "Mul" || node.type == "Div", let scaled = graph.scaled(node),
        node.type == "Mul" || (!scaled.scalarIsFirst && scaled.scalar != 0)
      {
        factor *= node.type == "Mul" ? scaled.scalar : 1 / scaled.scalar
        value = scaled.value
      } else if node.type == "Add", let (addend, other) = constantOperand(of: node, in: graph) {
        guard graph.shape(other) == graph.shape(value) else { throw fail("its mask stretches the scores") }
        guard scales.isEmpty else { throw fail("its scores are scaled by head behind a mask") }
        if let mask = try scaled(addend, by: factor, fail: fail) {
          masks.append(ScoreConstant(tensor: mask, scores: extents))
        }
        value = other
      } else if node.type == "Mul", let (scale, other) = constantOperand(of: node, in: graph),
        graph.shape(other) == graph.shape(value)
      {
        scales.append(ScoreConstant(tensor: scale, scores: extents))
        value = other
      } else if graph.keepsMemory(node), graph.shape(node.inputs[0]).extents.suffix(2) == extents.suffix(2) {
        value = node.inputs[0]
      } else {
        throw fail(
          "'\(value)' is made by \(node.operatorName), expected MatMul, Mul, Div, Reshape or a constant mask")
      }
    }
  }

  /// The constant operand of a node of two, and the other one.
  private static func constantOperand(of node: LoweredNode, in graph: EditableGraph) -> (Tensor, String)? {
    [(1, 0), (0, 1)].lazy.compactMap { constant, other in
      graph.constant(node.inputs[constant]).map { ($0, node.inputs[other]) }
    }.first
  }

  /// Looks through Where(IsNaN(p), 0, p), which the dynamo exporter writes for rows without any admitted key.
  private static func guarded(_ weights: String, in graph: EditableGraph) -> (value: String, hasGuard: Bool) {
    guard !graph.barriers.contains(weights) else { return (weights, false) }
    let readers = graph.readers(of: weights).compactMap { graph[$0] }
    guard readers.count == 2, let test = readers.first(where: { $0.type == "IsNaN" }),
      let choice = graph.soleReader(of: test.outputs[0])?.node, choice.type == "Where",
      choice.inputs[0] == test.outputs[0], choice.inputs[2] == weights, graph.scalar(choice.inputs[1]) == 0
    else { return (weights, false) }
    return (choice.outputs[0], true)
  }

  /// The mask times a factor; nil where it adds nothing.
  private static func scaled(_ mask: Tensor, by factor: Double, fail: (String) -> MatchFailure)
    throws(MatchFailure) -> Tensor?
  {
    guard let values = mask.doubles else { throw fail("its mask has type \(mask.elementType.name)") }
    if values.allSatisfy({ $0 == 0 }) { return nil }
    if factor == 1 { return mask }
    do {
      return mask.elementType == .float64
        ? try Tensor(values.map { $0 * factor }, shape: mask.shape)
        : try Tensor(values.map { Float($0 * factor) }, shape: mask.shape)
    } catch { throw fail("no memory for its mask") }
  }

  /// Whether a row might admit no key.
  private static func hasEmptyRow(_ masks: [ScoreConstant]) -> Bool {
    masks.count > 1
      ? masks.contains { $0.tensor.doubles?.contains(-.infinity) ?? true }
      : masks.contains { hasEmptyRow($0.tensor) }
  }

  private static func hasEmptyRow(_ mask: Tensor) -> Bool {
    guard let values = mask.doubles, let width = mask.shape.extents.last, width > 0 else { return false }
    return stride(from: 0, to: values.count, by: width).contains { start in
      values[start..<start + width].allSatisfy { $0 == -.infinity }
    }
  }

  /// What a standard Attention node of four axes, or of three with as many key heads as query heads, computes.
  ///
  /// - Throws: what it asks for beyond that.
  static func standard(
    _ node: LoweredNode, id: EditableGraph.NodeID, in graph: EditableGraph
  ) throws(MatchFailure) -> AttentionPattern {
    func fail(_ reason: String) -> MatchFailure {
      MatchFailure(rule: FuseAttention().label, node: node.label, reason: reason)
    }
    guard let operation = node.operation as? Attention, !operation.isCausal,
      node.inputs.dropFirst(4).allSatisfy(\.isEmpty), node.outputs.dropFirst().allSatisfy(\.isEmpty)
    else { throw fail("is causal, has a past or several results") }
    let shapes = node.inputs.prefix(3).map { graph.shape($0) }
    guard shapes.allSatisfy({ $0.rank == 4 }), shapes[0][1] == shapes[1][1] else {
      throw fail("has operands of shapes \(shapes), expected four axes and equal heads")
    }
    var mask: Tensor?
    if node.inputs.count > 3, !node.inputs[3].isEmpty {
      guard let constant = graph.constant(node.inputs[3]) else { throw fail("has a computed mask") }
      do {
        mask = try scaled(
          try additive(constant, elementType: graph.type(node.inputs[0]).elementType), by: 1, fail: fail)
      } catch let failure as MatchFailure { throw failure } catch { throw fail("no memory for its mask") }
      if let mask, hasEmptyRow(mask) { throw fail("a row of its mask admits no key") }
    }
    let scale = operation.scale.map(Double.init) ?? 1 / Double(max(shapes[0][3], 1)).squareRoot()
    return AttentionPattern(
      query: node.inputs[0], key: node.inputs[1], value: node.inputs[2], keyIsTransposed: false,
      factor: scale, scales: [],
      masks: mask.map { [ScoreConstant(tensor: $0, scores: shapes[0].extents.dropLast() + [shapes[1][2]])] }
        ?? [],
      last: id, result: node.outputs[0])
  }

  /// A mask of truth values as numbers to add: 0 where a key is admitted, −∞ where not.
  private static func additive(_ mask: Tensor, elementType: ElementType) throws -> Tensor {
    guard mask.elementType == .bool, let bits = mask.integers else { return mask }
    return elementType == .float64
      ? try Tensor(bits.map { $0 == 0 ? -Double.infinity : 0 }, shape: mask.shape)
      : try Tensor(bits.map { $0 == 0 ? -Float.infinity : 0 }, shape: mask.shape)
  }
}
