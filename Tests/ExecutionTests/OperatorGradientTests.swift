import Execution
import Foundation
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// Single operators as models, beside PyTorch, which computed their results and gradients in float64.
@Suite struct OperatorGradientTests {
  /// A model with its inputs, and PyTorch's result and gradients of the sum of its elements.
  struct Golden: Decodable, CustomTestStringConvertible {
    struct Numbers: Decodable {
      let shape: [Int]
      let values: [Double]

      func tensor(_ type: ElementType) throws -> Tensor {
        type == .float64
          ? try Tensor(values, shape: Shape(shape))
          : try Tensor(values.map { Float($0) }, shape: Shape(shape))
      }
    }
    let name: String
    let model: String
    let inputs: [String: Numbers]
    let output: Numbers
    let gradients: [String: Numbers]

    var testDescription: String { name }
    var names: [String] { inputs.keys.sorted() }

    func run(_ type: ElementType, threads: Int = 1) throws -> ModelRun {
      let text = type == .float64 ? model : model.replacing("double[", with: "float[")
      return ModelRun(
        try ModelDescription(text: text), registry: .standard, context: .testing(threads: threads))
    }

    func feeds(_ type: ElementType) throws -> [String: Tensor] {
      try inputs.mapValues { try $0.tensor(type) }
    }
  }

  static let goldens: [Golden] = {
    let file = URL(filePath: FixtureFiles.path("operators/gradients.json"))
    return (try? JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))) ?? []
  }()

  /// Files hold 13 digits.
  static let tolerance = Tolerance.relativeToLargest(
    1e-4, reason: "in float64 1e-4 · 2^-23, some hundred roundings")

  @Test func `there are goldens`() { #expect(Self.goldens.count > 50) }

  @Test(arguments: goldens)
  func `an operator's result and gradients agree with PyTorch`(_ golden: Golden) throws {
    let run = try golden.run(.float64)
    let feeds = try golden.feeds(.float64)
    let result = try #require(try run.outputs(for: feeds).first)
    #expect(result.shape.extents == golden.output.shape)
    try expectClose(result.widened, golden.output.values, Self.tolerance, type: .float64)
    let gradients = try run.gradients(for: feeds, by: golden.names)
    for (name, gradient) in zip(golden.names, gradients) {
      let expected = try #require(golden.gradients[name])
      #expect(gradient.shape.extents == expected.shape)
      try expectClose(gradient.widened, expected.values, Self.tolerance, name, type: .float64)
    }
  }

  @Test(arguments: goldens)
  func `an operator's gradients agree with central differences`(_ golden: Golden) throws {
    let run = try golden.run(.float64)
    let feeds = try golden.feeds(.float64)
    let step = 1e-6
    let gradients = try run.gradients(for: feeds, by: golden.names)
    for (name, gradient) in zip(golden.names, gradients) {
      let numbers = try #require(golden.inputs[name])
      let direction = ReferenceTensor.normal(Shape(numbers.shape), seed: 11).values
      func moved(by step: Double) throws -> [Double] {
        var moved = feeds
        moved[name] = try Tensor(
          zip(numbers.values, direction).map { $0 + step * $1 }, shape: Shape(numbers.shape))
        return try #require(try run.outputs(for: moved).first).widened
      }
      let (ahead, behind) = (try moved(by: step), try moved(by: -step))
      let numeric = zip(ahead, behind).reduce(0) { $0 + ($1.0 - $1.1) } / (2 * step)
      let terms = zip(gradient.widened, direction).map { $0 * $1 }
      let bound = 1e-6 * terms.reduce(0) { $0 + abs($1) } + 1e-8 * ahead.reduce(1) { $0 + abs($1) }
      #expect(abs(numeric - terms.reduce(0, +)) <= bound, "\(name)")
    }
  }

  @Test(arguments: goldens)
  func `an operator in float32 agrees with PyTorch, with the same bits for every number of threads`(
    _ golden: Golden
  ) throws {
    let feeds = try golden.feeds(.float32)
    let result = try #require(try golden.run(.float32).outputs(for: feeds).first)
    try expectClose(
      result.widened, golden.output.values, .relativeToLargest(2e-5, reason: "places and powers in float32"))
    let other = try #require(try golden.run(.float32, threads: 4).outputs(for: feeds).first)
    #expect(other.isIdentical(to: result))
  }
}
