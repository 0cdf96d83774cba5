import DKA
import Testing

/// Which output of a network holds the scores, and what they are.
@Suite(.serialized) struct ScoreTests {
  private func withPhantoms(_ body: (_ folder: String, _ images: LabelledImages) throws -> Void) throws {
    try Phantoms.with(trainPerClass: 8, testPerClass: 2, body)
  }

  private var recipe: TrainingConfiguration {
    var recipe = TrainingConfiguration()
    recipe.epochs = 1
    recipe.batch = 8
    return recipe
  }

  /// A model with a node behind one of its values, and other outputs.
  private func model(
    _ model: Model, _ type: String, of value: String, as result: String, outputs: [String], in folder: String,
    _ attributes: [Attribute] = []
  ) throws -> Model {
    var description = model.description
    description.graph.nodes.append(
      Node(OperatorName(type), inputs: [value], outputs: [result], attributes: attributes))
    let declared = description.graph.outputs
    description.graph.outputs = outputs.map { name in
      declared.first { $0.name == name }
        ?? ValueDescription(name: name, type: TypeDescription(.tensor(elementType: 1, shape: nil)))
    }
    let path = folder + "/\(type).onnx"
    try ONNXFile.write(description, to: path)
    return try Model(contentsOf: path)
  }

  @Test(arguments: ["Softmax", "LogSoftmax"])
  func `probabilities of a file that ends in one more node are those of its logits`(_ type: String) throws {
    try withPhantoms { folder, images in
      let plain = try Model(contentsOf: Phantoms.transformer)
      let output = try plain.backbone().output
      let ending = try model(plain, type, of: output, as: "y", outputs: ["y"], in: folder)
      let paths = images.samples.prefix(3).map(\.path)
      for (left, right) in zip(try plain.predictions(for: paths), try ending.predictions(for: paths)) {
        #expect(left.index == right.index)
        for (x, y) in zip(left.probabilities, right.probabilities) { #expect(abs(x - y) < 1e-6) }
      }
    }
  }

  @Test func `probabilities that a Sigmoid made stay as they are`() throws {
    try withPhantoms { folder, images in
      let plain = try Model(contentsOf: Phantoms.transformer)
      let output = try plain.backbone().output
      let ending = try model(plain, "Sigmoid", of: output, as: "y", outputs: ["y"], in: folder)
      let prediction = try #require(try ending.predictions(for: [images.samples[0].path]).first)
      #expect(prediction.probabilities.allSatisfy { $0 > 0 && $0 < 1 })
      #expect(abs(prediction.probabilities.reduce(0, +) - 1) > 1e-3)
    }
  }

  @Test func `training a kept classifier that ends in Softmax trains its logits`() throws {
    try withPhantoms { folder, images in
      let plain = try Model(contentsOf: Phantoms.transformer).adapted(
        by: LinearProbe(), head: .classifier(classes: 3))
      let output = try #require(plain.description.graph.outputs.first?.name)
      let ending = try model(plain, "Softmax", of: output, as: "y", outputs: ["y"], in: folder)
      let losses = try [ending.adapted(by: LinearProbe()), plain].map { model in
        try FineTuning(of: model, on: images, recipe).runEpoch().loss
      }
      #expect(losses[0] == losses[1])
    }
  }

  @Test func `the classifier's output trains and is measured where another one stands first`() throws {
    try withPhantoms { folder, images in
      let plain = try Model(contentsOf: Phantoms.transformer)
      let backbone = try plain.backbone()
      let tokens = try #require(backbone.sites.last?.value)
      let several = try model(
        plain, "Identity", of: tokens, as: "tokens", outputs: ["tokens", backbone.output], in: folder)
      func trained(_ model: Model) throws -> (loss: Double, model: Model) {
        let training = try FineTuning(
          of: try model.adapted(head: .classifier(classes: 3)), on: images, recipe)
        return (try training.runEpoch().loss, try training.model())
      }
      let (first, second) = (try trained(plain), try trained(several))
      #expect(first.loss == second.loss)
      #expect(second.model.description.graph.outputs.map(\.name) == ["tokens", backbone.output])
      #expect(try second.model.difference(from: first.model).largest == 0)
      let metrics = try second.model.evaluated(on: images)
      #expect(metrics.confusion == (try first.model.evaluated(on: images).confusion))
    }
  }

  @Test func `one number per image tells two classes apart`() throws {
    try withPhantoms { folder, images in
      let network = try convolutional(in: folder, width: 1)
      let paths = [images.samples[0].path]
      let logit = try model(
        network, "ReduceMax", of: "y", as: "z", outputs: ["z"], in: folder,
        [Attribute("axes", [1]), Attribute("keepdims", 0)])
      let sigmoid = try model(network, "Sigmoid", of: "y", as: "q", outputs: ["q"], in: folder)
      let rows = try [network, logit, sigmoid].map { try $0.predictions(for: paths)[0].probabilities }
      for row in rows {
        #expect(row.count == 2)
        #expect(abs(row[0] + row[1] - 1) < 1e-6)
        #expect(abs(row[1] - rows[0][1]) < 1e-6)
        #expect(row[1] != 0.5)
      }
    }
  }

  /// A convolutional network of no known family.
  private func convolutional(in folder: String, width: Int = 2) throws -> Model {
    func values(_ count: Int) -> String {
      (0..<count).map { "\(Double($0 * 7 % 11 - 5) / 10)" }.joined(separator: ", ")
    }
    let text = """
      <ir_version: 8, opset_import: ["" : 17]>
      g (float[N,3,64,64] x) => (float[N,\(width)] y)
      <float[4,3,8,8] k = {\(values(768))}, float[4,4,3,3] l = {\(values(144))}, float[\(width),4] w = {\(values(4 * width))},
       float[\(width)] b = {\(values(width))}> {
        c = Conv <strides = [4, 4], pads = [2, 2, 2, 2]> (x, k)
        a = Relu (c)
        d = Conv <pads = [1, 1, 1, 1]> (a, l)
        s = Add (d, a)
        r = Relu (s)
        p = GlobalAveragePool (r)
        f = Flatten (p)
        y = Gemm <transB = 1> (f, w, b)
      }
      """
    try ONNXFile.write(try ModelDescription(text: text), to: folder + "/convolutional.onnx")
    return try Model(contentsOf: folder + "/convolutional.onnx")
  }

  @Test func `linear probing and full fine-tuning need no insertion points`() throws {
    try withPhantoms { folder, images in
      let model = try convolutional(in: folder)
      #expect(throws: (any Error).self) { try model.adapted(head: .classifier(classes: 3)) }
      let probe = try model.adapted(by: LinearProbe(), head: .classifier(classes: 3))
      #expect(probe.trainableTensors.map(\.name) == ["head/weight", "head/bias"])
      let full = try model.adapted(by: FullFineTuning(), head: .classifier(classes: 3))
      #expect(full.trainableTensors.filter { $0.group == .backbone }.map(\.name) == ["k", "l"])
      for adapted in [probe, full] {
        #expect(try FineTuning(of: adapted, on: images, recipe).runEpoch().loss.isFinite)
      }
    }
  }
}
