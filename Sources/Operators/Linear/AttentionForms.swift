import Graphs
import Kernels
import Tensors

/// Attention (ai.onnx 23…) in the forms that `Attention` has no kernel for: with past keys and values, lengths of an external
/// cache, soft capping, a window, another precision of the softmax, or more results than one.
///
///     s = scale · q · kᵀ,  with `softcap` c: c · tanh(s / c)
///     p = softmax(s + mask + allowed),  0 where no key is allowed          y = p · v
///
/// A key j is allowed for query i at place p = i + offset where j ≤ p (`is_causal`), p − left ≤ j ≤ p + right (window) and
/// j < `nonpad_kv_seqlen`. The offset is the number of past keys, or that length less the queries. Heads of keys are shared by
/// groups of queries' heads. Shapes as in `Attention`; past and present keys and values have heads apart. Source:
/// onnx/docs/Operators.md#Attention.
struct AttentionForms: Composition {
  static let schema = OperatorSchema(
    "Attention", versions: 23...,
    inputs: ["Q", "K", "V", "attn_mask?", "past_key?", "past_value?", "nonpad_kv_seqlen?"],
    outputs: ["Y", "present_key?", "present_value?", "qk_matmul_output?"])

  private let form: StandardAttention
  private let cap: Float
  private let window: (left: Int, right: Int)
  private let scoresMode: Int
  private let precision: ElementType?
  /// Whether operands or results are named that no kernel knows.
  private let hasMoreValues: Bool

  init(reading node: AttributeReader) throws(OperatorError) {
    form = try StandardAttention(reading: node)
    cap = try node.float("softcap", default: 0)
    let hasWindow = node.version >= 25
    window = (
      left: hasWindow ? try node.int("left_window_size", default: -1) : -1,
      right: hasWindow ? try node.int("right_window_size", default: -1) : -1
    )
    scoresMode = try node.int("qk_matmul_output_mode", default: 0)
    precision = try node.optionalElementType("softmax_precision")
    hasMoreValues = node.node.inputs.count > 4 || node.node.outputs.count > 1
    guard cap >= 0, (0...3).contains(scoresMode), min(window.left, window.right) >= -1,
      max(window.left, window.right) < 1 << 31
    else {
      throw .invalid(
        "attributes 'softcap' \(cap), 'qk_matmul_output_mode' \(scoresMode) and window \(window.left), "
          + "\(window.right): expected 0 or more, 0 to 3, −1 or more")
    }
    if let precision, !precision.isFloatingPoint {
      throw .unsupported("attribute 'softmax_precision' is \(precision.name), implemented: float, double")
    }
  }

  var isExpanded: Bool {
    hasMoreValues || cap > 0 || window.left >= 0 || window.right >= 0 || precision == .float64
  }

  func compose(_ nodes: inout ComposedNodes) throws(OperatorError) {
    let site = nodes.site
    guard (site.input(4) == nil) == (site.input(5) == nil) else {
      throw .invalid("has one of past_key and past_value, expected both or none")
    }
    guard site.input(4) == nil || site.input(6) == nil else {
      throw .invalid("has both past keys and nonpad_kv_seqlen, expected one of them")
    }
    let sizes = try sizes(site.inputs)
    let q = try headsApart(nodes[0], sizes.heads, &nodes)
    let k = try extended(try headsApart(nodes[1], sizes.keyHeads, &nodes), by: site.input(4), as: 1, &nodes)
    let v = try extended(try headsApart(nodes[2], sizes.keyHeads, &nodes), by: site.input(5), as: 2, &nodes)

    // Queries of one key's heads stand side by side: [B, g, h / g, N, d] against [B, g, 1, M, d].
    let group = [0, sizes.keyHeads, sizes.heads / sizes.keyHeads, sizes.queries, sizes.depth]
    let grouped = try nodes.reshape(q, to: group)
    let turned = nodes.emit(
      "Transpose", [try nodes.reshape(k, to: [0, sizes.keyHeads, 1, sizes.keys, sizes.depth])],
      [Attribute("perm", [0, 1, 2, 4, 3])])
    let scale = form.scale.map(Double.init) ?? 1 / Double(sizes.depth).squareRoot()
    let products = nodes.emit(
      "MatMul", [nodes.emit("Mul", [grouped, try nodes.number(scale)]), turned])
    let raw = try nodes.reshape(products, to: [0, sizes.heads, sizes.queries, sizes.keys])
    var scores = raw
    if cap > 0 {
      let limit = try nodes.number(Double(cap))
      scores = nodes.emit("Mul", [nodes.emit("Tanh", [nodes.emit("Div", [raw, limit])]), limit])
    }
    let capped = scores
    let bias = try bias(sizes, &nodes)
    if let bias { scores = nodes.emit("Add", [scores, bias]) }
    let weights = try softmax(scores, bias, &nodes)
    if site.output(3) != nil {
      nodes.deliver("Identity", [[raw, capped, scores, weights][scoresMode]], as: 3)
    }
    let shared = try nodes.reshape(
      weights, to: [0, sizes.keyHeads, sizes.heads / sizes.keyHeads, sizes.queries, sizes.keys])
    let values = try nodes.reshape(v, to: [0, sizes.keyHeads, 1, sizes.keys, sizes.valueDepth])
    let y = nodes.emit("MatMul", [shared, values])
    guard sizes.isInterleaved else {
      return nodes.deliver(
        "Reshape", [y, try nodes.integers([0, sizes.heads, sizes.queries, sizes.valueDepth])])
    }
    let apart = try nodes.reshape(y, to: [0, sizes.heads, sizes.queries, sizes.valueDepth])
    let together = nodes.emit("Transpose", [apart], [Attribute("perm", [0, 2, 1, 3])])
    nodes.deliver(
      "Reshape", [together, try nodes.integers([0, sizes.queries, sizes.heads * sizes.valueDepth])])
  }

  /// Extents of all operands together.
  private struct Sizes {
    var batch: Int
    var heads: Int
    var keyHeads: Int
    var queries: Int
    var keys: Int
    var pastKeys: Int
    var depth: Int
    var valueDepth: Int
    var isInterleaved: Bool
  }

  private func sizes(_ inputs: InputTypes) throws(OperatorError) -> Sizes {
    try inputs.require(0, isOneOf: [.float32, .float64])
    try inputs.requireSameType(0..<3)
    let kernel = try form.kernel(inputs[0].shape, inputs[1].shape, inputs[2].shape).0
    var past = 0
    if let pastKey = inputs.optional(4)?.shape, let pastValue = inputs.optional(5)?.shape {
      past = pastKey.rank == 4 ? pastKey[2] : 0
      guard pastKey.extents == [kernel.batch, kernel.keyHeads, past, kernel.depth],
        pastValue.extents == [kernel.batch, kernel.keyHeads, past, kernel.valueDepth]
      else {
        throw .invalid("past keys \(pastKey) and values \(pastValue) don't fit keys \(inputs[1].shape)")
      }
    }
    if let lengths = inputs.optional(6) {
      guard lengths == ValueType(.int64, Shape([kernel.batch])) else {
        throw .invalid("input 6 (nonpad_kv_seqlen) is \(lengths), expected int64[\(kernel.batch)]")
      }
    }
    guard Shape(checking: [kernel.batch, kernel.heads, kernel.queries, kernel.keys + past]) != nil else {
      throw .invalid("attention to \(kernel.keys + past) keys is too large")
    }
    return Sizes(
      batch: kernel.batch, heads: kernel.heads, keyHeads: kernel.keyHeads, queries: kernel.queries,
      keys: kernel.keys + past, pastKeys: past, depth: kernel.depth, valueDepth: kernel.valueDepth,
      isInterleaved: kernel.isInterleaved)
  }

  /// [B, N, h · d] as [B, h, N, d]; what has that form already stays.
  private func headsApart(_ value: String, _ heads: Int, _ nodes: inout ComposedNodes) throws(OperatorError)
    -> String
  {
    guard nodes.type().shape.rank == 3 else { return value }
    let split = try nodes.reshape(value, to: [0, 0, heads, -1])
    return nodes.emit("Transpose", [split], [Attribute("perm", [0, 2, 1, 3])])
  }

  /// Keys or values behind those of the past, delivered where the node names them.
  private func extended(
    _ value: String, by past: String?, as index: Int, _ nodes: inout ComposedNodes
  ) throws(OperatorError) -> String {
    let result = past.map { nodes.emit("Concat", [$0, value], [Attribute("axis", 2)]) } ?? value
    if nodes.site.output(index) != nil { nodes.deliver("Identity", [result], as: index) }
    return result
  }

  /// What is added to the scores: the mask, and −∞ where a key is not allowed; nil where nothing is.
  private func bias(_ sizes: Sizes, _ nodes: inout ComposedNodes) throws(OperatorError) -> String? {
    let barred = try nodes.number(-.infinity)
    var parts: [String] = []
    if let mask = nodes.site.input(3) {
      let type = nodes.type(3)
      guard type.elementType == .bool || type.elementType == nodes.type().elementType else {
        throw .invalid(
          "input 3 has element type \(type.elementType.name), expected bool or that of the queries")
      }
      var added = mask
      if type.elementType == .bool { added = nodes.emit("Where", [mask, try nodes.number(0), barred]) }
      let covered = type.shape.extents.last ?? 1
      if covered != 1, covered < sizes.keys {
        let pads = [Int](repeating: 0, count: 2 * type.shape.rank - 1) + [sizes.keys - covered]
        added = nodes.emit("Pad", [added, try nodes.integers(pads), barred])
      }
      parts.append(added)
    }
    if let allowed = try allowed(sizes, &nodes) {
      parts.append(nodes.emit("Where", [allowed, try nodes.number(0), barred]))
    }
    guard let first = parts.first else { return nil }
    return parts.count == 1 ? first : nodes.emit("Add", [first, parts[1]])
  }

  /// Which keys causality, window and lengths allow, [B or 1, 1, N or 1, M]; nil where they allow all.
  private func allowed(_ sizes: Sizes, _ nodes: inout ComposedNodes) throws(OperatorError) -> String? {
    var conditions: [String] = []
    let keys = try nodes.reshape(try nodes.integers(Array(0..<sizes.keys)), to: [1, 1, 1, -1])
    let queries = Array(sizes.pastKeys..<(sizes.pastKeys + sizes.queries))
    var places = try nodes.reshape(try nodes.integers(queries), to: [1, 1, -1, 1])
    if let lengths = nodes.site.input(6) {
      let perImage = try nodes.reshape(lengths, to: [-1, 1, 1, 1])
      conditions.append(nodes.emit("Less", [keys, perImage]))
      let offset = nodes.emit("Sub", [perImage, try nodes.integers([sizes.queries])])
      places = nodes.emit("Add", [places, offset])
    }
    if form.isCausal { conditions.append(nodes.emit("LessOrEqual", [keys, places])) }
    if window.left >= 0 {
      let first = nodes.emit("Sub", [places, try nodes.integers([window.left])])
      conditions.append(nodes.emit("GreaterOrEqual", [keys, first]))
    }
    if window.right >= 0 {
      let last = nodes.emit("Add", [places, try nodes.integers([window.right])])
      conditions.append(nodes.emit("LessOrEqual", [keys, last]))
    }
    guard var all = conditions.first else { return nil }
    for condition in conditions.dropFirst() { all = nodes.emit("And", [all, condition]) }
    return all
  }

  /// The distributions of the queries; 0 where the bias allows no key.
  private func softmax(_ scores: String, _ bias: String?, _ nodes: inout ComposedNodes) throws(OperatorError)
    -> String
  {
    let type = nodes.type().elementType
    let (zero, axis) = (try nodes.number(0), [Attribute("axis", -1)])
    var (operand, dead): (String, String?) = (scores, nil)
    if let bias {
      let largest = try nodes.reduce("ReduceMax", bias, [-1])
      let isDead = nodes.emit("Equal", [largest, try nodes.number(-.infinity)])
      // A row of nothing but −∞ has no distribution, and no gradient either.
      operand = nodes.emit("Where", [isDead, zero, scores])
      dead = isDead
    }
    if let precision, precision != type {
      operand = nodes.emit("Cast", [operand], [Attribute("to", Int(precision.rawValue))])
    }
    var weights = nodes.emit("Softmax", [operand], axis)
    if let precision, precision != type {
      weights = nodes.emit("Cast", [weights], [Attribute("to", Int(type.rawValue))])
    }
    return dead.map { nodes.emit("Where", [$0, zero, weights]) } ?? weights
  }
}
