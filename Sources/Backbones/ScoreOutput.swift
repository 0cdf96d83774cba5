package import Graphs
package import Operators
import Tensors

/// The output in which a network delivers one score per class: what trains, is measured and is compared.
public struct ScoreOutput: Sendable, Hashable {
  /// What the scores are.
  public enum Kind: String, Sendable, CaseIterable {
    /// Numbers of which Softmax makes probabilities; of one number per image, Sigmoid.
    case logits
    /// Probabilities that sum to one.
    case probabilities
    /// Logarithms of such probabilities.
    case logProbabilities = "log_probabilities"
    /// A probability per class, each for itself.
    case independentProbabilities = "independent_probabilities"
  }

  /// The output's name.
  public let name: String
  /// What its numbers are.
  public let kind: Kind
  /// The value with the logits, which the loss of training reads: the output itself, or what its Softmax or Sigmoid reads.
  public let logits: String

  /// Key of the metadata under which adapted models name the output.
  public static let metadataKey = "dka.output"

  /// The output of a name, with what the nodes in front of it tell of its numbers.
  ///
  /// - Parameter producer: the node that makes a value, or nil for inputs and constants.
  package init(_ name: String, producer: (String) -> Node?) {
    self.name = name
    func node(_ value: String, _ types: Set<String>) -> Node? {
      guard let node = producer(value), node.operatorName.domain.isEmpty,
        types.contains(node.operatorName.type)
      else { return nil }
      return node
    }
    func behind(_ value: String, _ types: Set<String>) -> String {
      var current = value
      var steps = 0
      while steps < 64, let source = node(current, types)?.inputs.first {
        current = source
        steps += 1
      }
      return current
    }
    let moves: Set = ["Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast", "Dropout"]
    let value = behind(name, moves)
    if let softmax = node(value, ["Softmax", "LogSoftmax", "Sigmoid"]), let source = softmax.inputs.first {
      logits = source
      switch softmax.operatorName.type {
      case "Softmax": kind = .probabilities
      case "LogSoftmax": kind = .logProbabilities
      default: kind = .independentProbabilities
      }
    } else if let log = node(value, ["Log"]), let source = log.inputs.first,
      let softmax = node(behind(source, moves), ["Softmax"]), let inner = softmax.inputs.first
    {
      (kind, logits) = (.logProbabilities, inner)
    } else if let division = node(value, ["Div"]), division.inputs.count == 2,
      let exponential = node(division.inputs[0], ["Exp"]), let inner = exponential.inputs.first,
      node(behind(division.inputs[1], moves.union(["Expand"])), ["ReduceSum"])?.inputs.first
        == division.inputs[0]
    {
      // Softmax in single steps; what is subtracted first changes nothing.
      (kind, logits) = (.probabilities, inner)
    } else {
      (kind, logits) = (.logits, name)
    }
  }

  /// The output of a name in a network as recognisers look at it.
  init(_ name: String, in view: GraphView) {
    self.init(name) { value in view.producer(value).map { view.nodes[$0] } }
  }

  /// The output of a name in a graph.
  package init(_ name: String, in graph: Graph) {
    let producers = graph.producers()
    self.init(name) { value in producers[value].map { graph.nodes[$0] } }
  }

  /// The score output of a model: its only output; else the one of the linear classifier; else the one that the
  /// metadata name; else the only one of rank 2 with floating-point numbers; nil where there is none.
  ///
  /// - Throws: where several outputs could be it, by their names.
  package static func find(in model: ModelDescription, lowering: Lowering) throws(BackboneError)
    -> ScoreOutput?
  {
    guard model.graph.outputs.count > 1 else { return try find(in: model, classifiers: []) }
    var classifiers: [String] = []
    if let view = try? GraphView(looking: lowering, at: model), let input = view.inputs.first {
      classifiers = ClassifierSearch(behind: input, in: view).classifiers.map(\.output)
    }
    return try find(in: model, classifiers: classifiers)
  }

  /// The score output of a model whose classifiers are known.
  package static func find(in model: ModelDescription, classifiers: [String]) throws(BackboneError)
    -> ScoreOutput?
  {
    let outputs = model.graph.outputs
    var candidates = outputs.count == 1 ? outputs.map(\.name) : classifiers
    if candidates.count != 1, let named = model.namedScoreOutput { candidates = [named] }
    if candidates.isEmpty { candidates = outputs.filter { $0.mayHoldScores }.map(\.name) }
    guard candidates.count < 2 else { throw .ambiguousScores(candidates) }
    let expanded = (try? model.inliningFunctions()) ?? model
    return candidates.first.map { ScoreOutput($0, in: expanded.graph) }
  }
}

extension ModelDescription {
  /// The output that the metadata name as the one with the scores, where the model has it.
  package var namedScoreOutput: String? {
    let name = metadata.first { $0.key == ScoreOutput.metadataKey }?.value
    return graph.outputs.first { $0.name == name }?.name
  }

  /// Names the output with the scores in the metadata.
  package mutating func nameScoreOutput(_ name: String) {
    metadata.removeAll { $0.key == ScoreOutput.metadataKey }
    metadata.append(MetadataEntry(key: ScoreOutput.metadataKey, value: name))
  }
}

extension ValueDescription {
  /// Whether the value is declared as a matrix of floating-point numbers.
  fileprivate var mayHoldScores: Bool {
    guard case .tensor(_, let dimensions?)? = type?.kind, dimensions.count == 2 else { return false }
    return elementType?.computed?.isFloatingPoint ?? false
  }
}
