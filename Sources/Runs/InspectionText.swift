import Backbones
import Datasets
import Graphs
import Operators
import TensorFiles
import Tensors

/// What `dka inspect` tells people, in lines that fit a terminal: a network is told in twenty, unless everything is asked for.
struct InspectionText {
  /// The lines so far.
  private(set) var lines: [String] = []
  private let model: ModelFile
  private let listsAll: Bool

  /// Columns of a line, unless a single word is longer.
  private static let width = 80
  /// Columns before what a line says.
  private static let margin = 13
  /// Names that stand for a longer list.
  private static let shownNames = 3
  private static let shownOperators = 8

  init(_ model: ModelFile, listsAll: Bool) { (self.model, self.listsAll) = (model, listsAll) }

  /// Adds words under a title, wrapped between words; those behind a title with a colon follow it directly.
  mutating func add(_ title: String, _ text: String) {
    var line =
      title
      + (title.hasSuffix(":")
        ? " " : String(repeating: " ", count: max(InspectionText.margin - title.count, 1)))
    var isEmpty = true
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !isEmpty, line.count + 1 + word.count > InspectionText.width {
        lines.append(line)
        line = String(repeating: " ", count: InspectionText.margin)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    lines.append(line)
  }

  /// Adds what the file declares.
  ///
  /// - Parameters:
  ///   - types: names of the element types that are computed in float32.
  ///   - counts: nodes per operator.
  ///   - parameters: floating-point numbers in initializers.
  mutating func addFile(types: [String], counts: JSONObject, parameters: Int) {
    let description = model.declared
    let producer = [description.producerName ?? "unknown producer", description.producerVersion]
    add(
      "file",
      "opset \(description.version(of: "") ?? 0), IR \(description.irVersion), "
        + producer.compactMap { $0 }.joined(separator: " "))
    add("inputs", description.graph.requiredInputs.map(InspectionText.shape).joined(separator: ", "))
    add("outputs", description.graph.outputs.map(InspectionText.shape).joined(separator: ", "))
    add("parameters", "\(parameters) floating-point numbers in initializers")
    if !types.isEmpty {
      add("precision", "\(types.joined(separator: ", ")) in the file, computed in float32")
    }
    if let bound = model.bound { add("bound", bound.text) }
    let operators = counts.members.map { (name: $0.key, count: $0.value.integer ?? 0) }
    let frequent = operators.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    let shown = listsAll ? operators : Array(frequent.prefix(InspectionText.shownOperators))
    let more = operators.count - shown.count
    add(
      "operators",
      shown.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
        + (more > 0 ? ", and \(counted(more, "other operator"))" : ""))
  }

  /// Adds how images are prepared, or why that cannot be told.
  mutating func addPreparation(_ choice: PreprocessingChoice?, refusal: (any ReportableError)?) {
    if let choice {
      add("images", choice.preprocessing.fields.map { "\($0.name) \($0.text)" }.joined(separator: ", "))
      add("", "from \(choice.source)")
    }
    if let refusal {
      add("images", "refused: \(refusal.message)")
      if let hint = refusal.hint { add("", "try: \(hint)") }
    }
  }

  /// Adds the family, which goes first, and where adapters and heads go.
  mutating func addNetwork(
    _ layout: BackboneLayout?, head: ClassifierHead?, scores: ScoreOutput?, methods: [String]
  ) {
    var rest: [String] = []
    swap(&rest, &lines)
    add("family", layout.map { "\($0.family ?? "not recognised"), \($0.variant)" } ?? "not recognised")
    lines += rest
    if let layout { addBlocks(of: layout) }
    if let head { add("head", "'\(head.node)', \(head.features) features, \(head.classes) classes") }
    if let decoder = layout?.decoder {
      let rivals = (layout?.decoderRivals ?? []).map { "'\($0)'" }.joined(separator: ", ")
      add(
        "mask head",
        "'\(decoder.output)', \(decoder.classes) classes of pixels"
          + (rivals.isEmpty ? "" : "; also in the file: \(rivals)"))
    }
    if let scores {
      add("scores", "'\(scores.name)', \(scores.kind.rawValue.replacing("_", with: " "))")
    }
    if !methods.isEmpty { add("methods", methods.joined(separator: ", ")) }
  }

  private mutating func addBlocks(of layout: BackboneLayout) {
    let widths = Set(layout.sites.map(\.channels)).sorted().map(String.init).joined(separator: ", ")
    let prefix = layout.sites.map(\.prefixTokens).max() ?? 0
    add("blocks", "\(layout.blocks.count), width \(widths), \(counted(prefix, "prefix token"))")
    let points = layout.blocks.flatMap { block in
      block.points.filter { $0.role != .block || block.points.count == 1 }.map { (block: block, point: $0) }
    }
    guard !listsAll else {
      lines += points.map { block, point in
        "  \(block.index)  \(point.role.rawValue)  '\(point.value)'  \(point.layout.rawValue), grid \(point.grid)"
      }
      return
    }
    var stages: [(text: String, blocks: Set<Int>, points: Int)] = []
    for (block, point) in points {
      let text = "\(point.channels) channels, \(point.layout.rawValue), grid \(point.grid)"
      if stages.last?.text != text { stages.append((text, [], 0)) }
      stages[stages.count - 1].blocks.insert(block.index)
      stages[stages.count - 1].points += 1
    }
    for (index, stage) in stages.enumerated() {
      add(
        index == 0 ? "points" : "",
        "\(stage.points) in \(counted(stage.blocks.count, "block")): \(stage.text)"
          + (index == stages.count - 1 ? " (--points names them)" : ""))
    }
  }

  /// Adds what is not supported, or not recognised and why.
  mutating func addRefusals(
    _ unsupported: [LoweringError.Unsupported],
    _ mismatches: [FamilyMismatch], _ refusal: (any ReportableError)?,
    candidates: [String]
  ) {
    for entry in listsAll ? unsupported[...] : unsupported.prefix(InspectionText.shownNames) {
      let more = entry.nodes.count > 1 ? " and \(entry.nodes.count - 1) more" : ""
      add("unsupported", "\(entry.reason): '\(entry.nodes.first ?? "")'\(more)")
    }
    if !listsAll, unsupported.count > InspectionText.shownNames {
      add("", "and \(unsupported.count - InspectionText.shownNames) other operators (--points names them)")
    }
    var reasons: [(families: [String], reason: String)] = []
    for entry in mismatches {
      if let index = reasons.firstIndex(where: { $0.reason == entry.mismatch.reason }) {
        reasons[index].families.append(entry.family)
      } else {
        reasons.append(([entry.family], entry.mismatch.reason))
      }
    }
    for entry in reasons {
      let line = "not \(entry.families.joined(separator: ", ")): \(entry.reason)"
      // One reason alone is told whole; of several the lines are enough to choose by.
      let isWhole = listsAll || reasons.count == 1 || line.count <= InspectionText.width
      lines.append(isWhole ? line : line.prefix(InspectionText.width - 1) + "…")
    }
    if let refusal {
      add("refused:", refusal.message)
      if let hint = refusal.hint { add("try:", hint) }
    }
    guard !candidates.isEmpty else { return }
    let shown = listsAll ? candidates : Array(candidates.prefix(InspectionText.shownNames))
    let more = candidates.count - shown.count
    add(
      "candidates for --at:",
      shown.joined(separator: ", ") + (more > 0 ? ", and \(more) more (--points names them)" : ""))
  }

  private static func shape(_ value: ValueDescription) -> String {
    guard case .tensor(_, let dimensions?)? = value.type?.kind else { return "\(value.name) [?]" }
    return "\(value.name) [\(dimensions.map(\.description).joined(separator: ", "))]"
  }
}
