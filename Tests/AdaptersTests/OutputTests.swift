import Adapters
import Backbones
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// What becomes of a network's outputs when it gets a new classifier.
@Suite struct OutputTests {
  /// A vision transformer whose output `logits` comes from one Gemm, with more nodes behind it.
  private func model(
    _ outputs: [String], appending nodes: [(type: String, input: String, output: String)] = []
  ) throws -> ModelDescription {
    let fixture = try #require(BackboneFixture.all.first { $0.file == "timm_vit.ts17.dynamic.onnx" })
    var model = try fixture.model()
    for node in nodes {
      model.graph.nodes.append(
        Node(OperatorName(node.type), inputs: [node.input], outputs: [node.output]))
    }
    let declared = model.graph.outputs
    model.graph.outputs = outputs.map { name in
      let isIndex = nodes.contains { $0.type == "ArgMax" && $0.output == name }
      let type = TypeDescription(.tensor(elementType: isIndex ? 7 : 1, shape: nil))
      return declared.first { $0.name == name } ?? ValueDescription(name: name, type: type)
    }
    return model
  }

  private func adapted(_ model: ModelDescription, classes: Int? = 3) throws -> AdaptedModel {
    let layout = try BackboneRegistry.standard.recognize(model, lowering: .portable).requireLayout()
    return try AdaptedModel(
      model, layout, method: InjectionTests.adapter(), head: classes.map { ClassificationHead(classes: $0) })
  }

  @Test(arguments: ["Softmax", "LogSoftmax", "Sigmoid"])
  func `a new classifier replaces what stands behind the old one too`(_ type: String) throws {
    let model = try model(["scores"], appending: [(type, "logits", "scores")])
    let adapted = try adapted(model)
    #expect(adapted.headParameters == 24 * 3 + 3)
    #expect(adapted.model.graph.outputs.map(\.name) == ["logits"])
    #expect(!adapted.model.graph.nodes.contains { $0.operatorName.type == type && $0.outputs == ["scores"] })
    #expect(try adapted.scoreOutput()?.kind == .logits)
  }

  @Test func `outputs that depend on the old classifier go with it, others stay in their place`() throws {
    let embedding = try #require(
      try BackboneFixture.all.first { $0.file == "timm_vit.ts17.dynamic.onnx" }?.layout().head?.layers[0]
        .input)
    let model = try model(
      ["label", embedding, "logits", "p"],
      appending: [("ArgMax", "logits", "label"), ("Softmax", "logits", "p")])
    #expect(try adapted(model).model.graph.outputs.map(\.name) == [embedding, "logits"])
    #expect(try adapted(model).classifierOutput == "logits")
  }

  @Test(arguments: ["image_embeds", "pooler_output", "class_probabilities"])
  func `a name that says something else than logits does not stay`(_ name: String) throws {
    let model = try model([name], appending: [("Identity", "logits", name)])
    let outputs = try adapted(model).model.graph.outputs
    #expect(outputs.map(\.name) == ["logits"])
  }

  @Test func `the metadata name the classifier's output, also where the old classifier stays`() throws {
    let model = try model(["p", "logits"], appending: [("Softmax", "logits", "p")])
    let kept = try adapted(model, classes: nil)
    #expect(kept.model.metadata.first { $0.key == "dka.output" }?.value == "logits")
    #expect(try ScoreOutput.find(in: kept.model, lowering: .portable)?.name == "logits")
    #expect(try adapted(model).model.metadata.filter { $0.key == "dka.output" }.map(\.value) == ["logits"])
  }

  @Test func `the new output is declared as numbers, also where the old one was not declared`() throws {
    var model = try model(["label"], appending: [("Identity", "logits", "label")])
    model.graph.outputs[0].type = nil
    let output = try #require(try adapted(model).model.graph.outputs.first)
    guard case .tensor(let number, let shape?)? = output.type?.kind else {
      Issue.record("the output has no shape")
      return
    }
    #expect(number == ElementType.float32.rawValue)
    #expect(shape.last?.extent == .value(3))
  }

  @Test func `one class is refused`() throws {
    let error = #expect(throws: AdapterError.self) { try adapted(try model(["logits"]), classes: 1) }
    #expect(error?.failureCode == .usage)
    #expect(error?.message == "one class leaves nothing to tell apart")
  }

  @Test func `new nodes get names that no node of the file has`() throws {
    var model = try model(["logits"])
    for (index, name) in ["head/logits", "dka/0/mlp/down", "dka/0/mlp/down_2"].enumerated() {
      model.graph.nodes[index].name = name
    }
    let adapted = try adapted(model)
    let names = adapted.model.graph.nodes.map(\.name).filter { !$0.isEmpty }
    #expect(Set(names).count == names.count)
    #expect(names.contains("head/logits_2"))
  }
}
