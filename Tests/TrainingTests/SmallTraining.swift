import Adapters
import Backbones
import Execution
import Foundation
import Graphs
import Operators
import Tensors
import TestSupport
import Training

/// A small vision transformer with adapters, and images that a formula gives.
struct SmallTraining {
  var method: any AdapterMethod = SmallTraining.adapter
  var file = "timm_vit.ts17.dynamic.onnx"
  var threads = 2
  var microBatch: Int?
  var splitsPrefix = false

  /// Bottleneck 4, kernels 11 and 3.
  static var adapter: DualKernelAdapter {
    var adapter = DualKernelAdapter()
    adapter.bottleneck = 4
    adapter.large = .init(11)
    adapter.small = .init(3)
    return adapter
  }

  /// The same with an Up that is not zero, so that everything has a gradient in the first step.
  static var livelyAdapter: DualKernelAdapter {
    var adapter = adapter
    adapter.initialization = .torch
    return adapter
  }

  /// The network with adapters and a classifier of three classes.
  func adapted() throws -> AdaptedModel {
    let model = try FixtureFiles.model("backbones/" + file)
    let lowering = Lowering(registry: .standard, context: .testing(threads: 1))
    let layout = try BackboneRegistry.standard.recognize(model, lowering: lowering).requireLayout()
    return try AdaptedModel(model, layout, method: method, head: ClassificationHead(classes: 3), seed: 7)
  }

  func trainer(of adapted: AdaptedModel) throws -> Trainer {
    var options = TrainerOptions(context: .testing(threads: threads))
    options.microBatch = microBatch
    options.splitsPrefix = splitsPrefix
    let head = adapted.names(in: .head)
    return try Trainer(
      adapted.model,
      groups: [
        ParameterGroup(
          name: "adapter", parameters: adapted.parameters.map(\.name).filter { !head.contains($0) },
          learningRate: 1e-3),
        ParameterGroup(name: "head", parameters: head, learningRate: 1e-4),
      ], objective: CrossEntropyObjective(), options: options, registry: .standard)
  }

  func trainer() throws -> Trainer { try trainer(of: try adapted()) }

  /// Batch of a step: element i of images [8, 3, 32, 32] is sin(0.37 i + step), image j has label (j + step) mod 3.
  static func batch(_ step: Int) throws -> (images: Tensor, labels: [Int]) {
    let shape: Shape = [8, 3, 32, 32]
    let pixels = (0..<shape.elementCount).map { Float(sin(0.37 * Double($0) + Double(step))) }
    return (try Tensor(pixels, shape: shape), (0..<8).map { ($0 + step) % 3 })
  }

  /// Losses of consecutive steps.
  @discardableResult
  static func run(_ trainer: Trainer, steps: Range<Int>) throws -> [StepResult] {
    try steps.map { step in
      let (images, labels) = try batch(step)
      return try trainer.step(try trainer.features(of: images), labels: labels)
    }
  }
}

extension Trainer {
  /// One update on images whose targets are classes.
  func step(_ features: [Tensor], labels: [Int], isInterrupted: () -> Bool = { false }) throws -> StepResult {
    try step(
      features, targets: try Tensor(labels.map(Int64.init)), keys: Array(labels.indices),
      isInterrupted: isInterrupted)
  }
}

/// Everything in a trainer that training changes, with names.
func state(_ trainer: Trainer) throws -> [(name: String, value: Tensor)] {
  try trainer.variables.names.map { name in (name, try trainer.variables.copy(of: name) ?? Tensor([Float]()))
  }
}

/// Names of the tensors whose bits differ.
func differing(_ left: [(name: String, value: Tensor)], _ right: [(name: String, value: Tensor)]) -> [String]
{
  if left.map(\.name) != right.map(\.name) { return ["names"] }
  return zip(left, right).filter { !$0.value.isIdentical(to: $1.value) }.map(\.0.name)
}
