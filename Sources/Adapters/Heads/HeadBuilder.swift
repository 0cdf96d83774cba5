import Graphs
import Rewriting
import Tensors

/// Emits the nodes of a head for pixels into a patch: names, constants, drawn weights, and forms of the model's operator set.
///
/// Nodes and their values are named `head/<part>`, weights the same. Everything is float32.
struct HeadBuilder {
  /// What has been emitted.
  private(set) var patch: GraphPatch
  /// The trainable tensors, in the order in which they were made.
  private(set) var parameters: [String] = []
  /// Values behind which training drops numbers.
  private(set) var dropoutPoints: [DropoutPoint] = []
  private let context: HeadContext
  private var constants: Set<String> = []
  private var drawnCount = 0

  init(_ context: HeadContext) {
    self.context = context
    patch = GraphPatch(label: "head")
  }

  /// Adds a node with one result and returns the result's name.
  mutating func node(
    _ type: String, _ part: String, _ inputs: [String], _ attributes: [Attribute] = []
  ) -> String {
    let name = "head/\(part)"
    patch.add(
      Node(
        OperatorName(type), name: name, inputs: inputs, outputs: [name], attributes: attributes,
        metadata: context.annotation))
    return name
  }

  /// Adds a node that makes an output of the graph.
  mutating func deliver(
    _ type: String, of value: String, as output: String, _ attributes: [Attribute] = []
  ) {
    patch.add(
      Node(
        OperatorName(type), name: "head/\(output)", inputs: [value], outputs: [output],
        attributes: attributes, metadata: context.annotation))
  }

  /// Notes that training drops a share of a value's numbers.
  mutating func addDropout(behind value: String, share: Double) {
    dropoutPoints.append(DropoutPoint(value: value, share: share))
  }

  /// Gives the patch the graph's new outputs.
  mutating func setOutputs(_ outputs: [ValueDescription]) { patch.outputs = outputs }

  /// How a trainable tensor starts.
  enum Start {
    case zeros, ones
    /// Normal numbers of a deviation.
    case normal(Double)
    /// The same within two deviations.
    case truncatedNormal(Double)
  }

  /// A trainable tensor, drawn by its own random numbers.
  mutating func weight(_ part: String, _ extents: [Int], _ start: Start) throws(AdapterError) -> String {
    let name = "head/\(part)"
    guard let shape = Shape(checking: extents), shape.elementCount <= AdapterBuilder.largestTensor,
      drawnCount + shape.elementCount <= context.elementLimit
    else {
      throw .usage(
        "a head with a tensor of shape \(extents) is too large for \(context.elementLimit) new numbers",
        option: "head", hint: "choose another head, or give more memory with --memory")
    }
    drawnCount += shape.elementCount
    var random = Random(context.seed, -1, parameters.count)
    let count = shape.elementCount
    let values: [Float] =
      switch start {
      case .zeros: [Float](repeating: 0, count: count)
      case .ones: [Float](repeating: 1, count: count)
      case .normal(let deviation): (0..<count).map { _ in Float(deviation * random.normal()) }
      case .truncatedNormal(let deviation):
        Initialization.truncatedNormal(count, deviation: deviation, &random)
      }
    parameters.append(name)
    return patch.add(name, try Self.made(name) { try Tensor(values, shape: shape) }, group: .head)
  }

  /// A constant vector of integers, made once per head.
  mutating func integers(_ values: [Int]) throws(AdapterError) -> String {
    try constant("integers_" + values.map(String.init).joined(separator: "_")) {
      try Tensor(values.map(Int64.init))
    }
  }

  /// A constant number, made once per head.
  mutating func scalar(_ value: Double, named name: String) throws(AdapterError) -> String {
    try constant(name) { try Tensor(scalar: Float(value)) }
  }

  /// A constant vector of numbers, made once per head.
  mutating func numbers(_ values: [Float], named name: String) throws(AdapterError) -> String {
    try constant(name) { try Tensor(values) }
  }

  private mutating func constant(_ part: String, _ tensor: () throws -> Tensor) throws(AdapterError) -> String
  {
    let name = "constants/\(part)"
    guard constants.insert(name).inserted else { return "head/\(name)" }
    let tensor = try Self.made(name, tensor)
    return node("Constant", name, [], [Attribute("value", .tensor(TensorConstant(name: "", tensor)))])
  }

  private static func made(_ name: String, _ tensor: () throws -> Tensor) throws(AdapterError) -> Tensor {
    do { return try tensor() } catch {
      throw AdapterError(.workFailed, "no memory for '\(name)'", tensor: name, underlying: error)
    }
  }
}

extension HeadBuilder {
  /// x · W + b over the last axis: C·n + n parameters.
  mutating func linear(
    _ value: String, _ part: String, from features: Int, to count: Int, deviation: Double = 0.02
  ) throws(AdapterError) -> String {
    let weight = try weight(part + "/weight", [features, count], .truncatedNormal(deviation))
    let product = node("MatMul", part + "/product", [value, weight])
    return node("Add", part, [product, try self.weight(part + "/bias", [count], .zeros)])
  }

  /// The same over the channels of a map [B, C, H, W], as a convolution of one pixel.
  mutating func pointwise(_ map: String, _ part: String, from features: Int, to count: Int)
    throws(AdapterError) -> String
  {
    let weight = try weight(part + "/weight", [count, features, 1, 1], .truncatedNormal(0.02))
    let bias = try self.weight(part + "/bias", [count], .zeros)
    return node("Conv", part, [map, weight, bias], [Attribute("kernel_shape", [1, 1])])
  }

  /// LayerNormalization over the last axis: 2·C parameters; the operator from set 17 on, before it its formula.
  mutating func layerNormalization(_ value: String, _ part: String, features: Int) throws(AdapterError)
    -> String
  {
    let scale = try weight(part + "/scale", [features], .ones)
    let shift = try weight(part + "/shift", [features], .zeros)
    if context.operatorSet >= 17 {
      return node(
        "LayerNormalization", part, [value, scale, shift],
        [Attribute("axis", -1), Attribute("epsilon", .float(1e-5))])
    }
    let axes = [Attribute("axes", [-1]), Attribute("keepdims", 1)]
    let mean = node("ReduceMean", part + "/mean", [value], axes)
    let centered = node("Sub", part + "/centered", [value, mean])
    let two = try scalar(2, named: "two")
    let square = node("Pow", part + "/square", [centered, two])
    let variance = node("ReduceMean", part + "/variance", [square], axes)
    let safe = node("Add", part + "/safe_variance", [variance, try scalar(1e-5, named: "epsilon")])
    let deviation = node("Sqrt", part + "/deviation", [safe])
    let normal = node("Div", part + "/normal", [centered, deviation])
    return node("Add", part, [node("Mul", part + "/scaled", [normal, scale]), shift])
  }

  /// Exact GELU: one node from operator set 20 on, before it x · (1 + erf(x / √2)) · ½.
  mutating func gelu(_ value: String, _ part: String) throws(AdapterError) -> String {
    if context.operatorSet >= 20 { return node("Gelu", part, [value]) }
    let root = try scalar(2.squareRoot(), named: "square_root_of_two")
    let error = node("Erf", part + "/erf", [node("Div", part + "/scaled", [value, root])])
    let shifted = node("Add", part + "/shifted", [error, try scalar(1, named: "one")])
    let product = node("Mul", part + "/product", [value, shifted])
    return node("Mul", part, [product, try scalar(0.5, named: "half")])
  }

  /// x / ‖x‖ over the last axis.
  mutating func unitLength(_ value: String, _ part: String) throws(AdapterError) -> String {
    let keep = Attribute("keepdims", 1)
    let length =
      context.operatorSet >= 18
      ? node("ReduceL2", part + "/length", [value, try integers([-1])], [keep])
      : node("ReduceL2", part + "/length", [value], [Attribute("axes", [-1]), keep])
    return node("Div", part, [value, length])
  }

  /// Elements `start` to `end` of one axis.
  mutating func slice(_ value: String, _ part: String, axis: Int, from start: Int, to end: Int)
    throws(AdapterError) -> String
  {
    node("Slice", part, [value, try integers([start]), try integers([end]), try integers([axis])])
  }

  /// The axes in another order.
  mutating func transpose(_ value: String, _ part: String, _ order: [Int]) -> String {
    node("Transpose", part, [value], [Attribute("perm", order)])
  }

  /// The same elements in other extents; 0 keeps an extent.
  mutating func reshape(_ value: String, _ part: String, _ extents: [Int]) throws(AdapterError) -> String {
    node("Reshape", part, [value, try integers(extents)])
  }

  /// A map [B, n, h, w] brought to other extents bilinearly, half a pixel being the middle of one.
  mutating func resize(
    _ map: String, _ part: String, from grid: (height: Int, width: Int), to size: (height: Int, width: Int)
  ) throws(AdapterError) -> String {
    guard grid != size else { return map }
    // A runtime rounds extent · scale down, in float32.
    func scale(_ before: Int, _ after: Int) -> Float {
      let ratio = Float(after) / Float(before)
      return Int((Float(before) * ratio).rounded(.down)) == after ? ratio : ratio.nextUp
    }
    let scales = [1, 1, scale(grid.height, size.height), scale(grid.width, size.width)]
    let name = "scales_" + scales.map { "\($0)" }.joined(separator: "_")
    let none = context.operatorSet < 13 ? try numbers([], named: "no_region") : ""
    return node(
      "Resize", part, [map, none, try numbers(scales, named: name)],
      [Attribute("coordinate_transformation_mode", "half_pixel"), Attribute("mode", "linear")])
  }
}
