import Backbones
import Graphs
import Rewriting
import Tensors

/// A new linear classifier in the place of the old one: logits = v · Wᵀ + b, C·n + n parameters.
///
/// The vector v is what the old classifier read: class token, pooled tokens, or both side by side. Two averaged classifiers
/// (distilled DeiT) become one on the mean of the class and the distillation token, which is what two classifiers with
/// the same weights compute. A network without classifier gets one on its pooled output, else on the first of its
/// prefix tokens, else on the mean of its tokens. The weight is stored [n, C], or [C, n] where the old one was; it starts
/// truncated normal with σ 0.02 within 2σ, as timm starts classifiers, the bias at zero. The output keeps its name and batch.
struct ClassificationHead {
  static let weightName = "head/weight"
  static let biasName = "head/bias"

  let classes: Int
  let seed: Int
  let operatorSet: Int
  let annotation: [MetadataEntry]

  /// The graph with the new classifier, and what became of names on the way.
  struct Result {
    var graph: Graph
    /// A value that had the output's name and lives on, with its new name.
    var renamed: (old: String, new: String)?
  }

  /// Puts the classifier into a graph and removes what only the old one needed.
  func install(in graph: Graph, _ layout: BackboneLayout) throws(AdapterError) -> Result {
    guard (1...1_000_000).contains(classes) else {
      throw .usage("\(classes) classes, expected 1 to 1000000", option: "classes")
    }
    guard let input = layout.headInput else {
      throw AdapterError(
        .unsupported, "the network delivers neither a vector nor tokens that a classifier could read",
        tensor: layout.output)
    }
    let (count, overflow) = classes.multipliedReportingOverflow(by: input.features)
    guard !overflow, count <= AdapterBuilder.largestTensor else {
      throw .usage(
        "a classifier from \(input.features) features to \(classes) classes is too large", option: "classes")
    }
    guard let position = graph.outputs.firstIndex(where: { $0.name == layout.output }) else {
      throw AdapterError(.badData, "the network has no output '\(layout.output)'", tensor: layout.output)
    }
    var graph = graph
    let elementType = Self.elementType(of: graph.outputs[position])
    let output = Self.description(of: graph.outputs[position], classes: classes, layout, in: graph)
    let pruning = GraphPruning(graph)
    let oldWeights = Set(layout.head?.initializers ?? [])
    let others = graph.outputs.map(\.name).filter { name in
      name != layout.output && !pruning.ancestorsRead(oldWeights, of: name)
    }
    graph = pruning.keeping(input.values + others)
    var values = input.values
    var renamed: (old: String, new: String)?
    if graph.definedNames.contains(layout.output) {
      let new = graph.rename(layout.output)
      renamed = (layout.output, new)
      values = values.map { $0 == layout.output ? new : $0 }
    }
    var kept: [ValueDescription] = []
    for description in graph.outputs {
      if description.name == layout.output { kept.append(output) }
      if others.contains(description.name) { kept.append(description) }
    }
    var patch = GraphPatch(label: "head")
    try emit(reading: input, values, to: layout, elementType, in: &patch)
    patch.outputs = kept
    do {
      return Result(graph: try graph.applying(patch), renamed: renamed)
    } catch { throw .patching(error) }
  }

  private func emit(
    reading input: HeadInput, _ values: [String], to layout: BackboneLayout, _ elementType: ElementType,
    in patch: inout GraphPatch
  ) throws(AdapterError) {
    var vector = values[0]
    switch input {
    case .vector: break
    case .meanOfVectors:
      for (index, other) in values.enumerated().dropFirst() {
        vector = add("Add", "head/sum_\(index)", [vector, other], to: &patch)
      }
      let share = try tensor([1 / Double(values.count)], [], elementType)
      vector = add("Mul", "head/mean", [vector, constant("head/share", share, in: &patch)], to: &patch)
    case .firstToken:
      let index = try tensor(scalar: Int64(0))
      vector = add(
        "Gather", "head/token", [vector, constant("head/index", index, in: &patch)], [Attribute("axis", 1)],
        to: &patch)
    case .meanOfTokens:
      let keep = Attribute("keepdims", 0)
      if operatorSet >= 18 {
        let axes = constant("head/axes", try tensor([Int64(1)]), in: &patch)
        vector = add("ReduceMean", "head/mean", [vector, axes], [keep], to: &patch)
      } else {
        vector = add("ReduceMean", "head/mean", [vector], [Attribute("axes", [1]), keep], to: &patch)
      }
    }
    let isTransposed = layout.head?.layers.first?.isTransposed ?? true
    let features = input.features
    var random = Random(seed, -1, 0)
    let drawn = Initialization.truncatedNormal(classes * features, deviation: 0.02, &random).map(Double.init)
    let shape: [Int] = isTransposed ? [classes, features] : [features, classes]
    patch.add(Self.weightName, try tensor(drawn, shape, elementType), group: .head)
    let zeros = [Double](repeating: 0, count: classes)
    patch.add(Self.biasName, try tensor(zeros, [classes], elementType), group: .head)
    patch.add(
      Node(
        OperatorName("Gemm"), name: "head/logits", inputs: [vector, Self.weightName, Self.biasName],
        outputs: [layout.output], attributes: isTransposed ? [Attribute("transB", 1)] : [],
        metadata: annotation))
  }

  private func add(
    _ type: String, _ name: String, _ inputs: [String], _ attributes: [Attribute] = [],
    to patch: inout GraphPatch
  ) -> String {
    patch.add(
      Node(
        OperatorName(type), name: name, inputs: inputs, outputs: [name], attributes: attributes,
        metadata: annotation))
  }

  private func constant(_ name: String, _ tensor: Tensor, in patch: inout GraphPatch) -> String {
    add("Constant", name, [], [Attribute("value", .tensor(TensorConstant(name: "", tensor)))], to: &patch)
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

  private static func elementType(of output: ValueDescription) -> ElementType {
    guard case .tensor(let number, _)? = output.type?.kind, let type = ElementType(rawValue: number) else {
      return .float32
    }
    return type
  }

  /// The output with the new number of classes; the batch stays as it was declared.
  private static func description(
    of output: ValueDescription, classes: Int, _ layout: BackboneLayout, in graph: Graph
  ) -> ValueDescription {
    guard case .tensor(let number, let dimensions)? = output.type?.kind else { return output }
    var batch = dimensions?.first
    if batch == nil, let image = layout.image,
      let input = graph.inputs.first(where: { $0.name == image.name }),
      case .tensor(_, let extents?)? = input.type?.kind
    {
      batch = extents.first
    }
    var changed = output
    changed.type = TypeDescription(
      .tensor(
        elementType: number, shape: [batch ?? Dimension(.unknown), Dimension(.value(Int64(classes)))]),
      denotation: output.type?.denotation)
    return changed
  }
}
