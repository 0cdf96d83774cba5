import Adapters
import Backbones
import Execution
import Foundation
import Graphs
import ONNXFormat
import Operators
import TensorFiles
import Tensors
import TestSupport
import Testing
import Training

/// Losses of a training in PyTorch from the same tensors on the same batches: Tools/goldens/train_reference.py.
@Suite struct ReferenceTrainingTests {
  private struct Line: Decodable {
    let step: Int
    let loss: Double
    let adapterNorm: Double
    let headNorm: Double
  }

  private func lines(_ path: String) throws -> [Line] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .map { try decoder.decode(Line.self, from: Data($0.utf8)) }
  }

  /// Sets the initial tensors; a classifier stored [n, C] takes the reference's [C, n] transposed.
  private func setInitial(_ trainer: Trainer, _ path: String) throws {
    let file = try SafeTensors.read(path)
    #expect(Set(file.entries.map(\.name)) == Set(trainer.parameterNames))
    for entry in file.entries {
      let present = try #require(try trainer.variables.copy(of: entry.name))
      var tensor = entry.tensor
      if present.shape != tensor.shape, present.shape.extents == tensor.shape.extents.reversed() {
        let (rows, columns) = (tensor.shape[0], tensor.shape[1])
        let elements = tensor.elements(of: Float.self)
        tensor = try Tensor(
          (0..<columns).flatMap { column in (0..<rows).map { elements[$0 * columns + column] } },
          shape: present.shape)
      }
      try trainer.variables.set(entry.name, to: tensor)
    }
  }

  /// The two curves: 1e-4 relative in the first three steps, 5e-3 in all, since Adam's division by the root of
  /// the second moment turns rounding of small gradients into differences of the size of the learning rate.
  private func expectSameCurve(_ found: [StepResult], _ expected: [Line]) {
    for (result, line) in zip(found, expected) {
      let difference = abs(result.loss - line.loss) / line.loss
      #expect(difference <= (line.step < 3 ? 1e-4 : 5e-3), "step \(line.step): \(result.loss), \(line.loss)")
      if line.step < 3, result.norms.count == 2 {
        #expect(abs(result.norms[0] - line.adapterNorm) <= 1e-3 * line.adapterNorm, "step \(line.step)")
        #expect(abs(result.norms[1] - line.headNorm) <= 1e-3 * line.headNorm, "step \(line.step)")
      }
    }
    let worst = zip(found, expected).map { abs($0.loss - $1.loss) / $1.loss }
    print("largest relative difference of the losses:", worst.prefix(3).max() ?? 0, worst.max() ?? 0)
  }

  @Test(arguments: ["timm_vit.ts17.dynamic.onnx", "timm_vit.dy18.fixed.onnx"])
  func `twenty steps of a small network have PyTorch's losses`(_ file: String) throws {
    let trainer = try SmallTraining(file: file).trainer()
    try setInitial(trainer, FixtureFiles.path("training/initial.safetensors"))
    let expected = try lines(FixtureFiles.path("training/losses.jsonl"))
    #expect(expected.count == 20)
    expectSameCurve(try SmallTraining.run(trainer, steps: 0..<20), expected)
  }

  /// The folder that `train_reference.py prepare` and `train` wrote for a DeiT-Tiny.
  private static let folder = ProcessInfo.processInfo.environment["DKA_TRAIN20"]

  @Test(
    .slow, .enabled("set DKA_TRAIN20 to the reference's folder") { folder != nil },
    arguments: ["deit_tiny_patch16_224.ts17.onnx", "deit_tiny_patch16_224.dynamo18.onnx"])
  func `twenty steps of DeiT-Tiny on real images have PyTorch's losses`(_ file: String) throws {
    let folder = try #require(Self.folder)
    let model = try ONNXFile.read(SharedData.path("weights/" + file))
    let lowering = Lowering(registry: .standard, context: .testing(threads: 2))
    let layout = try BackboneRegistry.standard.recognize(model, lowering: lowering).requireLayout()
    let adapted = try AdaptedModel(
      model, layout, method: DualKernelAdapter(), head: ClassificationHead(classes: 3), seed: 7)
    let trainer = try SmallTraining().trainer(of: adapted)
    try setInitial(trainer, folder + "/initial.safetensors")
    let expected = try lines(folder + "/losses.jsonl")
    let found = try expected.map { line in
      let suffix = String(1000 + line.step).dropFirst() + ".npy"
      let images = try NumPyArray.read("\(folder)/images_\(suffix)")
      let labels = try #require(try NumPyArray.read("\(folder)/labels_\(suffix)").integers)
      return try trainer.step(try trainer.features(of: images), labels: labels)
    }
    expectSameCurve(found, expected)
  }
}
