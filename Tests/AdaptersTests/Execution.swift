import Foundation
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// Runs models with the plain interpreter: no fusion, one thread.
enum Eager {
  /// The outputs of a model for a batch of images, by name.
  static func run(_ model: ModelDescription, _ images: Tensor) throws -> [String: Tensor] {
    let lowered = try Lowering.portable.lower(model, batch: images.shape[0])
    let input = try #require(lowered.inputs.first { lowered.constants[$0] == nil })
    let values = try Interpreter().values(of: lowered, [input: images])
    var outputs: [String: Tensor] = [:]
    for name in lowered.outputs { outputs[name] = values[name] }
    return outputs
  }

  /// The image of the fixtures' `probe`: x[i] = sin(0.37 i), of two images the first ones.
  static func probe(_ fixture: BackboneFixture) throws -> Tensor {
    let batch = fixture.dynamic ? 2 : 1
    let shape = Shape([batch, 3] + fixture.image)
    return try Tensor((0..<shape.elementCount).map { Float(sin(0.37 * Double($0))) }, shape: shape)
  }
}

/// Whether two tensors hold equal numbers; −0 equals +0, since x + 0 makes one of the other.
func haveEqualNumbers(_ left: Tensor, _ right: Tensor) -> Bool {
  left.shape == right.shape && left.doubles == right.doubles
}
