import Execution
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// What is fed to a model and no tensor.
@Suite struct InputTypeTests {
  private static let tensor = TypeDescription(.tensor(elementType: 1, shape: []))

  static let kinds: [(TypeDescription.Kind, String)] = [
    (.sequence(tensor), "a sequence"), (.optional(tensor), "an optional value"),
    (.sparseTensor(elementType: 1, shape: []), "a sparse tensor"), (.map(keyType: 7, value: tensor), "a map"),
  ]

  @Test(arguments: kinds)
  func `an input that is no tensor is refused as unsupported, by name`(
    _ kind: TypeDescription.Kind, _ text: String
  ) throws {
    var model = try ModelDescription(
      text: #"<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Neg (x) }"#)
    model.graph.inputs[0].type = TypeDescription(kind)
    let error = #expect(throws: LoweringError.self) { try model.requireTensorInputs() }
    #expect(error?.failureCode == .unsupported)
    #expect(error?.message == "input 'x' is \(text), implemented: tensors")
    let lowering = Lowering(registry: .standard, context: .testing(threads: 1))
    #expect(throws: LoweringError.self) { try lowering.lower(model) }
  }
}
