import Foundation
import Graphs
import ONNXFormat
import Operators
import Tensors
import TestSupport

/// Tiny exported networks of which execution must not care how they were exported.
enum BackboneFiles {
  /// File names of transformers that only operators of the standard domain make up.
  static let transformers = BackboneFixture.transformers.map(\.file).sorted()
  /// Networks of any family whose batch the exporter fixed at one.
  static let fixed = (transformers + BackboneFixture.hierarchical.map(\.file).sorted()).filter {
    $0.contains(".fixed.")
  }
  /// Those whose batch is open.
  static let open = transformers.filter { $0.contains(".dynamic.") }

  static func model(_ file: String) throws -> ModelDescription {
    try ONNXFile.read(BackboneFixture.folder + "/" + file)
  }

  /// Images x[i] = sin(0.37 i) of a network's input.
  static func images(_ model: ModelDescription, count: Int) throws -> Tensor {
    var extents = [count]
    if case .tensor(_, let dimensions?)? = model.graph.requiredInputs.first?.type?.kind {
      for dimension in dimensions.dropFirst() {
        if case .value(let extent) = dimension.extent { extents.append(Int(extent)) }
      }
    }
    let shape = Shape(extents)
    return try Tensor((0..<shape.elementCount).map { Float(sin(0.37 * Double($0))) }, shape: shape)
  }
}
