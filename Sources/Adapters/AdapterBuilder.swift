import Backbones
public import Graphs
public import Rewriting
import Tensors

/// Emits the nodes of adapters into a patch: names, constants and forms of the model's operator set.
///
/// Nodes and their values are named `dka/<block>/<attention|mlp|block>/<part>`; weights the same, or under
/// `dka/<block>/shared` where two modules of a block use them. Constants that are no weights are Constant nodes.
public struct AdapterBuilder: Sendable {
  /// What has been emitted.
  public internal(set) var patch: GraphPatch
  /// Version of the model's default operator set.
  public let operatorSet: Int
  /// Number of modules with weights of their own, before this one.
  public private(set) var weightSet = -1
  /// Values into which training puts dropout, in the order of the network.
  public private(set) var dropoutPoints: [String] = []

  /// Elements of the largest tensor that is drawn: 1 GiB of float32.
  static let largestTensor = 1 << 28

  private let seed: Int
  private let annotation: [MetadataEntry]
  private let elementLimit: Int
  private let storedTypes: [String: ElementType]
  private var drawnCount = 0
  private var module = ""
  private var weights = ""
  private var elementType = ElementType.float32
  private var emitted: Set<String> = []
  private var weightSets: [String] = []

  init(
    label: String, operatorSet: Int, seed: Int, annotation: [MetadataEntry],
    elementLimit: Int, storedTypes: [String: ElementType]
  ) {
    patch = GraphPatch(label: label)
    self.operatorSet = operatorSet
    self.seed = seed
    self.annotation = annotation
    self.elementLimit = elementLimit
    self.storedTypes = storedTypes
  }

  /// Starts the module at a site.
  mutating func begin(_ site: InsertionSite, isShared: Bool) throws(AdapterError) {
    guard site.elementType.isFloatingPoint else {
      throw AdapterError(
        .unsupported,
        "value '\(site.value)' has element type \(site.elementType.name), adapters compute in float32 "
          + "or float64", tensor: site.value)
    }
    let role =
      switch site.role {
      case .afterAttention: "attention"
      case .afterMLP: "mlp"
      case .block: "block"
      }
    module = "dka/\(site.block)/\(role)"
    weights = isShared ? "dka/\(site.block)/shared" : module
    elementType = site.elementType
    if let known = weightSets.firstIndex(of: weights) {
      weightSet = known
    } else {
      weightSet = weightSets.count
      weightSets.append(weights)
    }
  }

  /// The edges of a site in the type that the module computes in: float32 behind a Cast where the file has floats of 16 bits.
  mutating func widened(_ connection: AdapterConnection) -> AdapterConnection {
    var wide: [String: String] = [:]
    for (value, part) in [(connection.base, "widened"), (connection.input, "widened_input")] {
      guard storedTypes[value] != nil, wide[value] == nil else { continue }
      wide[value] = node("Cast", part, [value], [Attribute("to", Int(elementType.rawValue))])
    }
    return AdapterConnection(
      input: wide[connection.input] ?? connection.input, base: wide[connection.base] ?? connection.base,
      replaced: wide[connection.replaced] ?? connection.replaced)
  }

  /// A module's result in the type that the file's nodes read in its place.
  mutating func stored(_ result: String, like value: String) -> String {
    guard let type = storedTypes[value] else { return result }
    return node("Cast", "narrowed", [result], [Attribute("to", Int(type.rawValue))])
  }

  /// Adds a node with one result and returns the result's name.
  public mutating func node(
    _ type: String, _ part: String, _ inputs: [String], _ attributes: [Attribute] = []
  ) -> String {
    let name = "\(module)/\(part)"
    patch.add(
      Node(
        OperatorName(type), name: name, inputs: inputs, outputs: [name], attributes: attributes,
        metadata: annotation))
    return name
  }

  /// A trainable tensor of the module; the second module of a shared pair gets the first one's.
  ///
  /// - Parameters:
  ///   - fanIn: number of inputs that each output of the layer sums.
  ///   - fanOut: the same backwards.
  public mutating func weight(
    _ part: Initialization.Part, _ extents: [Int], fanIn: Int, fanOut: Int, _ initialization: Initialization
  ) throws(AdapterError) -> String {
    let name = "\(weights)/\(part.name)"
    guard emitted.insert(name).inserted else { return name }
    guard let shape = Shape(checking: extents), shape.elementCount <= Self.largestTensor else {
      throw AdapterError(
        .usage, "tensor '\(name)' of shape \(extents) would have more than \(Self.largestTensor) elements",
        tensor: name)
    }
    drawnCount += shape.elementCount
    guard drawnCount <= elementLimit else {
      throw AdapterError(
        .workFailed, "the adapters have more numbers than the \(elementLimit) for which memory is there",
        tensor: name, hint: "choose a smaller --dim, or give more memory with --memory")
    }
    let values = initialization.values(
      part, count: shape.elementCount, fanIn: fanIn, fanOut: fanOut, seed: seed, module: weightSet)
    do {
      let tensor =
        elementType == .float64
        ? try Tensor(values.map(Double.init), shape: shape) : try Tensor(values, shape: shape)
      return patch.add(name, tensor, group: .adapter)
    } catch {
      throw AdapterError(
        .workFailed, "no memory for tensor '\(name)' of shape \(shape)", tensor: name, underlying: error)
    }
  }

  /// A constant vector of integers, made once per model.
  public mutating func integers(_ values: [Int]) throws(AdapterError) -> String {
    try constant(
      "integers_" + values.map(String.init).joined(separator: "_"),
      Result { try Tensor(values.map(Int64.init)) })
  }

  /// A constant number of the stream's element type, made once per model.
  public mutating func scalar(_ value: Double, named name: String) throws(AdapterError) -> String {
    elementType == .float64
      ? try constant(name + "_float64", Result { try Tensor(scalar: value) })
      : try constant(name, Result { try Tensor(scalar: Float(value)) })
  }

  private mutating func constant(_ part: String, _ tensor: Result<Tensor, any Error>) throws(AdapterError)
    -> String
  {
    let name = "dka/constants/\(part)"
    guard emitted.insert(name).inserted else { return name }
    guard case .success(let tensor) = tensor else {
      throw AdapterError(.workFailed, "no memory for '\(name)'")
    }
    let attribute = Attribute("value", .tensor(TensorConstant(name: "", tensor)))
    patch.add(
      Node(
        OperatorName("Constant"), name: name, inputs: [], outputs: [name], attributes: [attribute],
        metadata: annotation))
    return name
  }

  /// Exact GELU: one node from operator set 20 on, before it x · (1 + erf(x / √2)) · ½.
  public mutating func gelu(_ value: String, _ part: String) throws(AdapterError) -> String {
    if operatorSet >= 20 { return node("Gelu", part, [value]) }
    let scaled = node(
      "Div", part + "_scaled", [value, try scalar(2.squareRoot(), named: "square_root_of_two")])
    let error = node("Erf", part + "_erf", [scaled])
    let shifted = node("Add", part + "_shifted", [error, try scalar(1, named: "one")])
    let product = node("Mul", part + "_product", [value, shifted])
    return node("Mul", part, [product, try scalar(0.5, named: "half")])
  }

  /// Elements `start` to `end` of one axis.
  public mutating func slice(_ value: String, _ part: String, axis: Int, from start: Int, to end: Int)
    throws(AdapterError) -> String
  {
    node("Slice", part, [value, try integers([start]), try integers([end]), try integers([axis])])
  }

  /// Notes that training drops numbers of a value.
  public mutating func addDropoutPoint(_ value: String) { dropoutPoints.append(value) }
}
