import Graphs
import ONNXFormat
import Tensors
import Testing

@Suite struct CheckerTests {
  @Test(arguments: SampleFiles.all)
  func `the reference accepts a real model or says which version it does not know`(path: String) throws {
    let model = try ONNXFile.read(path)
    let result = try Checker.check(model)
    switch result {
    case .valid: #expect(model.irVersion <= 8)
    case .skipped(let reason): #expect(reason.hasPrefix("IR ") || reason.hasPrefix("opset "))
    case .problems(let problems): Issue.record("\(problems)")
    }
  }

  @Test func `large weights are not shown to the reference, small ones are`() throws {
    var model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1,1000] x) => (float[10,100] y) <int64[2] s = {10, 100}> {
          z = Add (x, w) y = Reshape (z, s)
        }
        """)
    model.graph.initializers.append(TensorConstant(name: "w", try Tensor(zeros: [1, 1000])))
    #expect(try Checker.skeleton(of: model).byteCount < 1000)
    #expect(try Checker.check(model) == .valid)
  }

  @Test func `the reference's problem is passed on`() throws {
    let cyclic = try ModelDescription(
      text:
        #"<ir_version: 8, opset_import: ["" : 17]> g (float x) => (float y) { y = Add (x, z) z = Relu (y) }"#)
    guard case .problems(let problems) = try Checker.check(cyclic) else {
      Issue.record("the reference accepted a cycle")
      return
    }
    #expect(problems[0].contains("'z'"))
    let mismatch = try ModelDescription(
      text:
        #"<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x, float[2,3] w) => (float[2,2] y) { y = MatMul (x, w) }"#
    )
    guard case .problems(let shapes) = try Checker.check(mismatch) else {
      Issue.record("the reference accepted shapes that do not fit")
      return
    }
    #expect(shapes[0].contains("MatMul"))
  }

  @Test func `a model with more parts than the limit is not shown to the reference, and the reason says so`()
    throws
  {
    let model = try ModelDescription(
      text:
        #"<ir_version: 8, opset_import: ["" : 17]> g (float x) => (float y) { z = Relu (x) y = Relu (z) }"#)
    #expect(try Checker.check(model, partLimit: 100_000) == .valid)
    guard case .skipped(let reason) = try Checker.check(model, partLimit: 3000) else {
      Issue.record("the reference was asked")
      return
    }
    #expect(reason.contains("take more than 3000 bytes"))
  }

  @Test func `a newer version is skipped by name`() throws {
    let newer = try ModelDescription(
      text: #"<ir_version: 10, opset_import: ["" : 17]> g (float x) => (float y) { y = Relu (x) }"#)
    #expect(try Checker.check(newer) == .skipped("IR 10: this libonnx knows versions up to 8"))
    let opset = try ModelDescription(
      text: #"<ir_version: 8, opset_import: ["" : 20]> g (float x) => (float y) { y = Relu (x) }"#)
    #expect(try Checker.check(opset) == .skipped("opset 20: this libonnx knows versions up to 17"))
  }

  @Test(arguments: [
    "Conv <strides = [0, 0]> (x, w)", "MaxPool <kernel_shape = [1, 1], strides = [0, 0]> (x)",
    "AveragePool <kernel_shape = [1, 1], strides = [0, 0], ceil_mode = 1> (x)",
  ])
  func `numbers that end the reference with a signal are a problem of the model`(operation: String) throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1,1,4,4] x, float[1,1,1,1] w) => (float[1,1,4,4] y) { y = \(operation) }
        """)
    guard case .problems(let problems) = try Checker.check(model) else {
      Issue.record("the reference accepted strides of zero")
      return
    }
    #expect(problems.count == 1)
  }

  @Test func `functions that call themselves are refused before the reference sees them`() throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17, "d" : 1]>
        g (float[2] x) => (float[2] y) { y = d.f (x) }
        <domain: "d", opset_import: ["" : 17, "d" : 1]> f (x) => (y) { y = d.f (x) }
        """)
    #expect(try Checker.check(model) == .problems(["function 'd.f' calls itself: 'd.f' → 'd.f'"]))
  }
}
