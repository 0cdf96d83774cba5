import Execution
import Foundation
import Operators
import Rewriting
import Tensors
import TestSupport
import Testing
import Training

/// Losses of masks and their gradients against PyTorch in float64: Tools/goldens/mask_reference.py.
@Suite struct SegmentationLossTests {
  private struct Array: Decodable {
    let shape: [Int]
    let values: [Double]
  }

  private struct Case: Decodable {
    let kind: String
    let weights: [Double]?
    let loss: Double
    let gradient: [Double]
  }

  private struct File: Decodable {
    let scores: Array
    let labels: Array
    let cases: [Case]
  }

  private func file() throws -> File {
    let path = FixtureFiles.path("masks/losses.json")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: path)))
  }

  /// The loss, and its gradient with respect to scores that are a variable of a graph.
  private func evaluate(_ kind: SegmentationLoss.Kind, _ weights: [Double]?, _ file: File) throws -> (
    loss: Double, gradient: [Double]
  ) {
    let shape = Shape(file.scores.shape)
    var graph = LoweredGraph()
    graph.types["scores"] = ValueType(.float64, shape)
    graph.variables["scores"] = try Tensor(file.scores.values, shape: shape)
    let objective = SegmentationLoss(kind, classWeights: weights)
    let targets = try objective.targets(for: ValueType(.float64, shape))
    #expect(targets == ValueType(.int32, Shape(file.labels.shape)))
    var builder = GradientBuilder(extending: graph, prefix: "test/")
    builder.addInput("targets", type: targets)
    builder.addInput("seed", type: ValueType(.float64, []))
    let loss = try objective.loss(of: "scores", against: "targets", in: &builder)
    let gradients = try Differentiation.extend(
      &builder, seeds: [(value: loss, gradient: "seed")], by: ["scores"])
    builder.setOutputs([loss, try #require(gradients[0])])
    let session = try Session(try Plan(builder.graph, context: .testing(threads: 2)))
    let outputs = try session.run([
      try Tensor(file.labels.values.map { Int32($0) }, shape: Shape(file.labels.shape)),
      try Tensor(scalar: 1.0),
    ])
    return (outputs[0].elements(of: Double.self)[0], outputs[1].elements(of: Double.self))
  }

  @Test func `losses and gradients of every kind agree with PyTorch`() throws {
    let file = try file()
    #expect(file.cases.count == 2 * SegmentationLoss.Kind.allCases.count)
    for expected in file.cases {
      let kind = try #require(SegmentationLoss.Kind(rawValue: expected.kind))
      let found = try evaluate(kind, expected.weights, file)
      #expect(abs(found.loss - expected.loss) < 1e-10, "\(expected.kind): \(found.loss), \(expected.loss)")
      let worst = zip(found.gradient, expected.gradient).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst < 1e-10, "\(expected.kind), \(expected.weights ?? []): \(worst)")
    }
  }

  @Test func `an image of which nothing counts has no loss`() throws {
    let file = try file()
    let nothing = File(
      scores: file.scores,
      labels: Array(
        shape: file.labels.shape, values: [Double](repeating: -1, count: file.labels.values.count)),
      cases: [])
    for kind in [SegmentationLoss.Kind.crossEntropy, .binaryCrossEntropy] {
      let found = try evaluate(kind, nil, nothing)
      #expect(found.loss == 0)
      #expect(found.gradient.allSatisfy { $0 == 0 })
    }
  }
}
