import Adapters
import Backbones
import Datasets
import Execution
import Graphs
package import Operators
package import TensorFiles
import Tensors

/// What `dka inspect` tells of a model.
package struct Inspection {
  /// The object that CLI.md calls `inspect`.
  package let json: JSONObject
  /// The same for people.
  package let lines: [String]
  /// What is odd in the file's declarations without being wrong, a line each.
  package let warnings: [String]

  /// Looks at a model; whatever can't be found out is left open, not an error.
  ///
  /// - Parameters:
  ///   - imageSide: what the user says, for files that leave the image size open.
  ///   - isDetailed: whether it is fused for one image and tells what rules did, or why that can't be.
  package init(
    _ file: ModelFile, imageSide: Int? = nil, isDetailed: Bool = false, context: ExecutionContext
  ) {
    var model = file
    var refusal: (any ReportableError)?
    do { model = try file.bound(imageSide: imageSide) } catch { refusal = error as? any ReportableError }
    let description = model.description
    let graph = model.declared.graph
    let unsupported = Lowering(registry: ModelFile.registry, context: context).unsupportedOperators(
      of: description)
    var recognition: Recognition?
    do { recognition = try Injection.recognize(description, context: context) } catch {
      refusal = refusal ?? error as? any ReportableError
    }
    warnings = recognition?.view.warnings ?? []
    let layout = recognition?.layout
    let head = (try? recognition?.layoutOfHead())
    let scores = try? ScoreOutput.find(in: description, context: context)
    let methods = Inspection.methods(for: recognition, head)
    let names = ClassNames.read(of: model)
    let counts = Inspection.operatorCounts(graph)
    let parameters = graph.initializers.reduce(0) { sum, initializer in
      [.float32, .float64, .float16, .bfloat16].contains(initializer.elementType)
        ? sum + initializer.shape.elementCount : sum
    }
    var choice: PreprocessingChoice?
    var preparationRefusal: (any ReportableError)?
    do {
      choice = try model.preprocessing(
        PreprocessingOverrides(), imageSide: imageSide, recognition: .some(recognition))
    } catch {
      preparationRefusal = error as? any ReportableError
    }
    var object: JSONObject = [
      "family": JSONValue(layout?.family), "variant": JSONValue(layout?.variant),
      "opset": JSONValue(description.version(of: "").map { Int($0) }),
      "ir_version": .integer(Int(description.irVersion)),
      "producer": .string(
        [description.producerName, description.producerVersion].compactMap { $0 }.joined(separator: " ")),
      "inputs": .array(graph.requiredInputs.map(Inspection.json)),
      "outputs": .array(graph.outputs.map(Inspection.json)),
      "bound": model.bound?.json ?? .null,
      "stored_types": JSONValue(recognition?.storedTypeNames ?? []),
      "operators": .object(counts), "parameters": .integer(parameters),
      "preprocessing": choice.map(ModelMetadata.json) ?? .null,
      "classes": names.map { JSONValue($0.names) } ?? .null,
      "blocks": .array((layout?.blocks ?? []).map(Inspection.json)),
      "head": head?.head.map(Inspection.json) ?? .null, "scores": scores.map(Inspection.json) ?? .null,
      "methods": JSONValue(methods),
      "unsupported": .array(unsupported.map(Inspection.json)),
      "candidates": JSONValue(layout == nil ? recognition?.candidates ?? [] : []),
    ]
    var mismatches = JSONObject()
    for entry in recognition?.mismatches ?? [] {
      mismatches[entry.family] = [
        "reason": .string(entry.mismatch.reason), "nodes": JSONValue(entry.mismatch.nodes),
      ]
    }
    if let refusal, layout == nil {
      mismatches["all"] = [
        "reason": .string(refusal.message), "nodes": JSONValue(refusal.node.map { [$0] } ?? []),
        "hint": JSONValue(refusal.hint),
      ]
    }
    object["mismatches"] = .object(mismatches)
    let rules = isDetailed ? Inspection.rules(of: description, context) : nil
    if let rules { object["rules"] = rules.json }
    json = object
    let text = Inspection.text(
      model, layout, head: head?.head, scores: scores, methods: methods, counts: counts,
      parameters: parameters, choice: choice, names: names?.names, recognition: recognition, refusal: refusal,
      preparationRefusal: preparationRefusal, unsupported: unsupported)
    lines = text + (rules?.lines ?? [])
  }

  /// What rules do to the model before it runs on one image; no list where it can't run.
  private static func rules(of model: ModelDescription, _ context: ExecutionContext)
    -> (json: JSONValue, lines: [String])
  {
    do {
      let rules = try CompiledModel(model, registry: ModelFile.registry, context: context).rules(batch: 1)
      return (.array(rules.map(\.json)), rules.map(\.line))
    } catch {
      let reason = (error as? any ReportableError)?.message ?? "it can't be lowered"
      return (.null, ["rules        not applied: \(reason)"])
    }
  }

  /// The methods that apply: for a network of no known family those that put nothing in, where it has a head or features.
  private static func methods(for recognition: Recognition?, _ head: BackboneLayout?) -> [String] {
    let names = AdapterRegistry.standard.names
    guard recognition?.layout == nil else { return names }
    guard head?.headInput != nil else { return [] }
    return names.filter { name in
      guard let method = try? AdapterRegistry.standard.method(name) else { return false }
      return method.placement == nil
    }
  }

  private static func operatorCounts(_ graph: Graph) -> JSONObject {
    var counts: [String: Int] = [:]
    for node in graph.nodes { counts[node.operatorName.description, default: 0] += 1 }
    var object = JSONObject()
    for name in counts.keys.sorted() { object[name] = .integer(counts[name] ?? 0) }
    return object
  }

  private static func json(_ value: ValueDescription) -> JSONValue {
    var shape = JSONValue.null
    var type = "unknown"
    if case .tensor(let number, let dimensions)? = value.type?.kind {
      type = ElementType(rawValue: number)?.name ?? "number \(number)"
      if let dimensions { shape = .array(dimensions.map(json)) }
    }
    return ["name": .string(value.name), "type": .string(type), "shape": shape]
  }

  private static func json(_ dimension: Dimension) -> JSONValue {
    switch dimension.extent {
    case .value(let extent): .integer(Int(extent))
    case .parameter(let name): .string(name)
    case .unknown: .null
    }
  }

  private static func json(_ block: BackboneLayout.Block) -> JSONValue {
    [
      "index": .integer(block.index), "stage": .integer(block.stage),
      "points": .array(
        block.points.map { point in
          [
            "placement": .string(point.role.rawValue), "value": .string(point.value),
            "layout": .string(point.layout.rawValue),
            "grid": JSONValue([point.grid.height, point.grid.width]),
            "channels": .integer(point.channels), "prefix_tokens": .integer(point.prefixTokens),
          ]
        }),
    ]
  }

  private static func json(_ head: ClassifierHead) -> JSONValue {
    [
      "node": .string(head.node), "weight": JSONValue(head.weight), "features": .integer(head.features),
      "classes": .integer(head.classes),
    ]
  }

  private static func json(_ scores: ScoreOutput) -> JSONValue {
    ["output": .string(scores.name), "kind": .string(scores.kind.rawValue)]
  }

  private static func json(_ refused: LoweringError.Unsupported) -> JSONValue {
    [
      "operator": .string(refused.name), "domain": .string(refused.domain),
      "version": JSONValue(refused.version),
      "nodes": JSONValue(refused.nodes),
    ]
  }

  /// A list under a title, in lines of at most 100 characters.
  private static func wrapped(_ words: [String], title: String) -> [String] {
    var lines = [title]
    for (index, word) in words.enumerated() {
      let piece = index == words.count - 1 ? word : word + ", "
      if lines[lines.count - 1].count + piece.count > 100 {
        lines.append(String(repeating: " ", count: title.count))
      }
      lines[lines.count - 1] += piece
    }
    return lines
  }

  private static func text(
    _ model: ModelFile, _ layout: BackboneLayout?, head: ClassifierHead?, scores: ScoreOutput?,
    methods: [String],
    counts: JSONObject, parameters: Int,
    choice: PreprocessingChoice?, names: [String]?, recognition: Recognition?,
    refusal: (any ReportableError)?, preparationRefusal: (any ReportableError)?,
    unsupported: [LoweringError.Unsupported]
  ) -> [String] {
    let description = model.declared
    func shape(_ value: ValueDescription) -> String {
      guard case .tensor(_, let dimensions?)? = value.type?.kind else { return "\(value.name) [?]" }
      return "\(value.name) [\(dimensions.map(\.description).joined(separator: ", "))]"
    }
    var lines = [
      "family       \(layout?.family ?? "not recognised")" + (layout.map { ", \($0.variant)" } ?? ""),
      "file         opset \(description.version(of: "") ?? 0), IR \(description.irVersion), "
        + [description.producerName ?? "unknown producer", description.producerVersion].compactMap { $0 }
        .joined(separator: " "),
      "inputs       \(description.graph.requiredInputs.map(shape).joined(separator: ", "))",
      "outputs      \(description.graph.outputs.map(shape).joined(separator: ", "))",
      "parameters   \(parameters)",
    ]
    if let types = recognition?.storedTypeNames, !types.isEmpty {
      lines.append("precision    \(types.joined(separator: ", ")) in the file, computed in float32")
    }
    if let bound = model.bound { lines.append("bound        \(bound.text)") }
    lines += wrapped(counts.members.map { "\($0.key) \($0.value.integer ?? 0)" }, title: "operators    ")
    if let choice {
      lines.append(
        "images       \(choice.preprocessing.fields.map { "\($0.name) \($0.text)" }.joined(separator: ", "))")
      lines.append("             from \(choice.source)")
      lines += choice.conflicts.map { "             \($0)" }
    }
    if let preparationRefusal {
      lines.append("images       refused: \(preparationRefusal.message)")
      if let hint = preparationRefusal.hint { lines.append("             try: \(hint)") }
    }
    if let names { lines.append("classes      \(names.count): \(names.prefix(8).joined(separator: ", "))") }
    if let layout {
      let widths = Set(layout.sites.map(\.channels)).sorted().map(String.init).joined(separator: ", ")
      let prefix = layout.sites.map(\.prefixTokens).max() ?? 0
      lines.append("blocks       \(layout.blocks.count), width \(widths), \(counted(prefix, "prefix token"))")
      for block in layout.blocks {
        for point in block.points where point.role != .block || block.points.count == 1 {
          lines.append(
            "  \(block.index)  \(point.role.rawValue)  '\(point.value)'  \(point.layout.rawValue), grid \(point.grid)"
          )
        }
      }
    }
    if let head {
      lines.append("head         '\(head.node)', \(head.features) features, \(head.classes) classes")
    }
    if let scores {
      let kind = scores.kind.rawValue.replacing("_", with: " ")
      lines.append("scores       '\(scores.name)', \(kind)")
    }
    if !methods.isEmpty { lines.append("methods      \(methods.joined(separator: ", "))") }
    for entry in unsupported {
      let more = entry.nodes.count > 1 ? " and \(entry.nodes.count - 1) more" : ""
      lines.append("unsupported  \(entry.reason): '\(entry.nodes.first ?? "")'\(more)")
    }
    for entry in recognition?.mismatches ?? [] where layout == nil {
      lines.append("not \(entry.family): \(entry.mismatch.reason)")
    }
    if let refusal, layout == nil {
      lines.append("refused: \(refusal.message)")
      if let hint = refusal.hint { lines.append("try: \(hint)") }
    }
    if layout == nil, let candidates = recognition?.candidates, !candidates.isEmpty {
      lines.append("candidates for --at: \(candidates.joined(separator: ", "))")
    }
    return lines
  }
}
