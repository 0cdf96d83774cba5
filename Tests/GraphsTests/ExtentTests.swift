import Graphs
import Testing

@Suite struct ExtentTests {
  private let model: ModelDescription

  init() throws {
    model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["": 17]>
        g (float[batch, 3, height, width] x, float[batch] y) => (float[batch, 3, height, width] z) { z = Add (x, x) }
        """)
  }

  private func shape(_ model: ModelDescription, _ index: Int) -> String {
    guard case .tensor(_, let dimensions?)? = model.graph.inputs[index].type?.kind else { return "?" }
    return dimensions.map(\.description).joined(separator: ",")
  }

  @Test func `open axes are bound, and fixed ones stay`() {
    let bound = model.binding([1: 4, 2: 8, 3: 16, 7: 1], of: "x")
    #expect(shape(bound, 0) == "batch,3,8,16")
    #expect(model.openAxes(of: "x") == [0, 2, 3])
    #expect(bound.openAxes(of: "x") == [0])
  }

  @Test func `a batch is bound for every input`() {
    let bound = model.bindingBatch(2)
    #expect(shape(bound, 0) == "2,3,height,width")
    #expect(shape(bound, 1) == "2")
  }

  @Test func `a bound model is declared as the file was`() {
    let written = model.bindingBatch(2).binding([2: 8, 3: 8], of: "x").declaringInputs(as: model)
    #expect(shape(written, 0) == "batch,3,height,width")
    #expect(shape(written, 1) == "batch")
  }
}
