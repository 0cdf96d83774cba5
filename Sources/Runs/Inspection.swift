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
  ///   - listsAll: whether the text names every point, operator and candidate.
  ///   - isDetailed: whether it is fused for one image and tells what rules did, or why that can't be.
  package init(
    _ file: ModelFile, imageSide: Int? = nil, listsAll: Bool = false, isDetailed: Bool = false,
    context: ExecutionContext
  ) {
    var model = file
    var refusal: (any ReportableError)?
    do { model = try file.bound(imageSide: imageSide) } catch { refusal = error as? any ReportableError }
    let description = model.description
    let graph = model.declared.graph
    let unsupported = Lowering(registry: ModelFile.registry, context: context).unsupportedOperators(
      of: description)
    var recognition: Recognition?
    // Adapters that the file has are taken out for looking: what is around them is what it was before.
    let installed = InstalledAdapters(in: description)
    do {
      recognition = try Injection.recognize(installed?.base ?? description, context: context)
    } catch {
      refusal = refusal ?? error as? any ReportableError
    }
    let adapters = installed.map { InstalledDescription($0, in: recognition) }
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
    warnings = (recognition?.view.warnings ?? []) + (choice?.warnings ?? [])
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
      "preprocessing_refusal": preparationRefusal.map {
        ["message": .string($0.message), "hint": JSONValue($0.hint)]
      } ?? .null,
      "classes": names.map { JSONValue($0.names) } ?? .null,
      "blocks": .array((layout?.blocks ?? []).map(Inspection.json)),
      "head": head?.head.map(Inspection.json) ?? .null,
      "mask_head": layout.flatMap(Inspection.maskHead) ?? .null,
      "scores": scores.map(Inspection.json) ?? .null,
      "methods": JSONValue(methods), "adapters": adapters?.json ?? .null,
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
    var text = InspectionText(model, listsAll: listsAll)
    text.addFile(types: recognition?.storedTypeNames ?? [], counts: counts, parameters: parameters)
    text.addPreparation(choice, refusal: preparationRefusal)
    if let names {
      text.add("classes", "\(names.names.count): \(names.names.prefix(8).joined(separator: ", "))")
    }
    text.addNetwork(layout, head: head?.head, scores: scores, methods: methods)
    if let adapters { text.add("adapters", adapters.text) }
    text.addRefusals(
      unsupported, layout == nil ? recognition?.mismatches ?? [] : [], layout == nil ? refusal : nil,
      candidates: layout == nil ? recognition?.candidates ?? [] : [])
    lines = text.lines + (rules?.lines ?? [])
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

  private static func maskHead(of layout: BackboneLayout) -> JSONValue? {
    layout.decoder.map { decoder in
      [
        "output": .string(decoder.output), "classes": .integer(decoder.classes),
        "others": JSONValue(layout.decoderRivals),
      ]
    }
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
}
