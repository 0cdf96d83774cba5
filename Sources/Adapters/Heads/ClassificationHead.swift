public import Backbones
public import Graphs
import Rewriting
import Tensors

/// A new linear classifier in the place of the old one: logits = v · Wᵀ + b, C·n + n parameters.
///
/// The vector v is what the old classifier read: class token, pooled tokens, or both side by side. Two averaged classifiers
/// (distilled DeiT) become one on the mean of the class and the distillation token, which is what two classifiers with
/// the same weights compute. A network without classifier gets one on its pooled output, else on the first of its
/// prefix tokens, else on the mean of its tokens or of its map. The weight is stored [n, C], or [C, n] where the old one was; it starts
/// truncated normal with σ 0.02 within 2σ, as timm starts classifiers, the bias at zero. What the file stores in floats of 16
/// bits is widened first: the classifier computes, and the output is, in float32.
///
/// Everything between the old classifier and the output goes with it (Softmax, Sigmoid, scaling, unit length), and so do
/// other outputs that depend on it. Where the output held logits, it keeps its name, place and batch. Where it held
/// something else (probabilities, features), or a name that says so, the new output is called `logits` and stands first.
public struct ClassificationHead: TaskHead {
  static let weightName = "head/weight"
  static let biasName = "head/bias"

  /// Number of classes, at least 2.
  public let classes: Int

  /// A classifier of so many classes.
  public init(classes: Int) { self.classes = classes }

  /// The number of classes.
  public func recipe(in layout: BackboneLayout) -> [(key: String, value: String)] {
    [("classes", "\(classes)")]
  }

  /// The values that it reads.
  public func values(readIn layout: BackboneLayout) -> [String] { layout.headInput?.values ?? [] }

  /// Puts the classifier into a graph and removes what only the old one needed.
  public func install(in graph: Graph, _ layout: BackboneLayout, _ context: HeadContext)
    throws(AdapterError) -> InstalledHead
  {
    guard classes != 1 else { throw .usage("one class leaves nothing to tell apart", option: "classes") }
    guard (2...1_000_000).contains(classes) else {
      throw .usage("\(classes) classes, expected 2 to 1000000", option: "classes")
    }
    guard layout.rivals.isEmpty else { throw .ambiguous([layout.output] + layout.rivals) }
    guard let input = layout.headInput else {
      throw AdapterError(
        .unsupported, "the network delivers no vector, tokens or map that a classifier could read",
        tensor: layout.output)
    }
    let (count, overflow) = classes.multipliedReportingOverflow(by: input.features)
    let limit = min(context.elementLimit, AdapterBuilder.largestTensor)
    guard !overflow, count <= limit else {
      throw .usage(
        "a classifier from \(input.features) features to \(classes) classes is too large for \(limit) new numbers",
        option: "classes",
        hint: "give fewer classes, or more memory with --memory")
    }
    guard let old = graph.outputs.first(where: { $0.name == layout.output }) else {
      throw AdapterError(.badData, "the network has no output '\(layout.output)'", tensor: layout.output)
    }
    let replacement = OutputReplacement(of: layout, in: graph)
    let (others, batch) = (replacement.others, replacement.batch)
    var graph = graph.keeping(input.values + others.map(\.name))
    let keepsName = (layout.head?.deliversLogits ?? false) && !Self.saysOtherwise(old.name)
    let name = keepsName ? old.name : replacement.unusedName("logits", in: graph)
    let elementType = Self.elementType(of: old)
    let output = Self.description(
      of: old, named: name, elementType, [batch, Dimension(.value(Int64(classes)))])
    var outputs: [ValueDescription] = keepsName ? [] : [output]
    for description in graph.outputs {
      if description.name == old.name {
        if keepsName { outputs.append(output) }
      } else if others.contains(where: { $0.name == description.name }) {
        outputs.append(description)
      }
    }
    var patch = GraphPatch(label: "head")
    let read = input.values.enumerated().map { position, value in
      guard layout.storedTypes[value] != nil else { return value }
      return add(
        "Cast", "head/widened" + Self.suffix(position), [value], [Attribute("to", Int(elementType.rawValue))],
        context, to: &patch)
    }
    try emit(
      reading: HeadInput(
        read, features: input.features, token: input.token, averagedAxes: input.averagedAxes),
      to: name, isTransposed: layout.head?.layers.first?.isTransposed ?? true, elementType, context,
      in: &patch)
    patch.outputs = outputs
    patch.makeNodeNamesUnique(in: graph)
    do { graph = try graph.applying(patch) } catch { throw .patching(error) }
    return InstalledHead(graph: graph, output: name, parameters: [Self.weightName, Self.biasName])
  }

  /// Whether an output's name says that it holds no logits.
  private static func saysOtherwise(_ name: String) -> Bool {
    let words = ["embed", "feature", "pool", "hidden", "prob", "softmax", "label"]
    return words.contains { name.lowercased().contains($0) }
  }

  /// What tells apart the names of what is made of several values.
  private static func suffix(_ position: Int) -> String { position == 0 ? "" : "_\(position)" }

  private func emit(
    reading input: HeadInput, to output: String, isTransposed: Bool, _ elementType: ElementType,
    _ context: HeadContext, in patch: inout GraphPatch
  ) throws(AdapterError) {
    let vectors = try input.values.enumerated().map { position, value throws(AdapterError) in
      try pooled(value, input, suffix: Self.suffix(position), context, in: &patch)
    }
    var vector = vectors[0]
    if vectors.count > 1 {
      for (index, other) in vectors.enumerated().dropFirst() {
        vector = add("Add", "head/sum_\(index)", [vector, other], [], context, to: &patch)
      }
      let share = try tensor([1 / Double(vectors.count)], [], elementType)
      let factor = constant("head/share", share, context, in: &patch)
      vector = add("Mul", "head/average", [vector, factor], [], context, to: &patch)
    }
    let features = input.features
    var random = Random(context.seed, -1, 0)
    let drawn = Initialization.truncatedNormal(classes * features, deviation: 0.02, &random).map(Double.init)
    let shape: [Int] = isTransposed ? [classes, features] : [features, classes]
    patch.add(Self.weightName, try tensor(drawn, shape, elementType), group: .head)
    let zeros = [Double](repeating: 0, count: classes)
    patch.add(Self.biasName, try tensor(zeros, [classes], elementType), group: .head)
    patch.add(
      Node(
        OperatorName("Gemm"), name: "head/logits", inputs: [vector, Self.weightName, Self.biasName],
        outputs: [output], attributes: isTransposed ? [Attribute("transB", 1)] : [],
        metadata: context.annotation))
  }

  /// The vector [B, features] that a value holds: one token, a mean over axes, or the value itself.
  private func pooled(
    _ value: String, _ input: HeadInput, suffix: String, _ context: HeadContext, in patch: inout GraphPatch
  ) throws(AdapterError) -> String {
    var vector = value
    if let token = input.token {
      let index = constant("head/index\(suffix)", try tensor(scalar: Int64(token)), context, in: &patch)
      vector = add(
        "Gather", "head/token\(suffix)", [vector, index], [Attribute("axis", 1)], context, to: &patch)
    }
    guard !input.averagedAxes.isEmpty else { return vector }
    let (axes, keep) = (input.averagedAxes, Attribute("keepdims", 0))
    guard context.operatorSet >= 18 else {
      return add(
        "ReduceMean", "head/mean\(suffix)", [vector], [Attribute("axes", axes), keep], context, to: &patch)
    }
    let operand = constant("head/axes\(suffix)", try tensor(axes.map(Int64.init)), context, in: &patch)
    return add("ReduceMean", "head/mean\(suffix)", [vector, operand], [keep], context, to: &patch)
  }

  private func add(
    _ type: String, _ name: String, _ inputs: [String], _ attributes: [Attribute],
    _ context: HeadContext, to patch: inout GraphPatch
  ) -> String {
    patch.add(
      Node(
        OperatorName(type), name: name, inputs: inputs, outputs: [name], attributes: attributes,
        metadata: context.annotation))
  }

  private func constant(
    _ name: String, _ tensor: Tensor, _ context: HeadContext, in patch: inout GraphPatch
  ) -> String {
    let value = Attribute("value", .tensor(TensorConstant(name: "", tensor)))
    return add("Constant", name, [], [value], context, to: &patch)
  }

  private func tensor(_ values: [Double], _ extents: [Int], _ type: ElementType) throws(AdapterError)
    -> Tensor
  {
    guard let shape = Shape(checking: extents) else {
      throw .usage("a classifier of shape \(extents) is too large", option: "classes")
    }
    do {
      return type == .float64
        ? try Tensor(values, shape: shape) : try Tensor(values.map { Float($0) }, shape: shape)
    } catch { throw AdapterError(.workFailed, "no memory for the classifier", underlying: error) }
  }

  private func tensor(_ values: [Int64]) throws(AdapterError) -> Tensor {
    do { return try Tensor(values) } catch {
      throw AdapterError(.workFailed, "no memory for the classifier", underlying: error)
    }
  }

  private func tensor(scalar: Int64) throws(AdapterError) -> Tensor {
    do { return try Tensor(scalar: scalar) } catch {
      throw AdapterError(.workFailed, "no memory for the classifier", underlying: error)
    }
  }

  /// The type of the classifier's numbers: that of the old output where they are floating-point ones.
  private static func elementType(of output: ValueDescription) -> ElementType {
    guard case .tensor(let number, _)? = output.type?.kind, let type = ElementType(rawValue: number),
      type == .float64
    else { return .float32 }
    return type
  }

  /// The old output with a new type, or another one where the name differs.
  private static func description(
    of output: ValueDescription, named name: String, _ elementType: ElementType, _ shape: [Dimension]
  ) -> ValueDescription {
    var changed = output.name == name ? output : ValueDescription(name: name, type: nil)
    changed.type = TypeDescription(
      .tensor(elementType: elementType.rawValue, shape: shape), denotation: changed.type?.denotation)
    return changed
  }
}
