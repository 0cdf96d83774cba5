import Execution
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct MemoryLimitTests {
  private func run(_ body: String, limit: Int?, shapes: String = "float[1024,1] x") throws -> [Tensor] {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (\(shapes)) => (float y) \(body)
        """)
    var context = ExecutionContext.testing(threads: 1)
    context.memoryLimit = limit
    var changed = model
    changed.graph.outputs = [ValueDescription(name: "y", type: nil)]
    let run = ModelRun(changed, registry: .standard, context: context)
    return try run.outputs(for: ["x": try Tensor(zeros: [1024, 1])])
  }

  /// 1024 · 2048 · 4 bytes.
  private let outer = """
    <int64[2] s = {1, 2048}> {
      [big] a = Expand (x, s)
      [sum] y = ReduceSum <keepdims = 0> (a)
    }
    """

  @Test func `a value larger than the limit is refused with its node and both sizes`() throws {
    let error = #expect(throws: ExecutionError.self) { try run(outer, limit: 1 << 20) }
    #expect(error?.node == "big")
    #expect(
      error?.message
        == "node 'big' (Expand): its result 'a' needs 8388608 bytes, the limit is 1048576")
    #expect(error?.failureCode == .workFailed)
  }

  @Test func `what fits the limit is computed`() throws {
    #expect(try run(outer, limit: 16 << 20)[0].doubles == [0])
  }

  @Test func `an outer product larger than what is free is refused before it is allocated`() throws {
    let error = #expect(throws: ExecutionError.self) {
      try run("<int64[2] s = {1, 274877906944}> { [big] y = Expand (x, s) }", limit: nil)
    }
    #expect(error?.node == "big")
    #expect(error?.message.contains("its result 'y' needs more than 140737488355328 bytes") ?? false)
  }

  @Test func `a constant larger than the limit is refused instead of folded`() throws {
    let error = #expect(throws: ExecutionError.self) {
      try run(
        "<int64[1] s = {1048576}> { [fill] c = ConstantOfShape (s)  [add] y = Add (x, c) }", limit: 1 << 20)
    }
    #expect(error?.node == "fill")
    #expect(error?.message.contains("needs 4194304 bytes, the limit is 1048576") ?? false)
    #expect(error?.failureCode == .workFailed)
  }

  @Test func `small constants that are too many together are refused`() throws {
    let fills = (0..<40).map { "c\($0) = ConstantOfShape (s)" }.joined(separator: "\n")
    let error = #expect(throws: LoweringError.self) {
      try run("<int64[1] s = {16384}> { \(fills)\n y = Add (x, c39) }", limit: 1 << 20)
    }
    #expect(error?.message.contains("constants computed up to here") ?? false)
  }

  @Test func `the columns of a convolution count`() throws {
    // One image of 16 channels: 4 KiB, its columns 25 times as much.
    let body = """
      <float[1,16,1,1] k = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, int64[4] s = {1, 16, 8, 8},
       int64[4] t = {2, 16, 5, 5}> {
        m = Reshape (x, s)
        w = Expand (k, t)
        [conv] y = Conv <pads = [2, 2, 2, 2]> (m, w)
      }
      """
    let error = #expect(throws: ExecutionError.self) { try run(body, limit: 100_000) }
    #expect(error?.message.contains("scratch memory") ?? false, "\(String(describing: error))")
  }

  @Test func `micro-batches get smaller before a plan is refused`() throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[n,4096] x) => (float[n,4096] y) { a = Exp (x)  y = Sin (a) }
        """)
    func size(_ limit: Int?) throws -> Int {
      var context = ExecutionContext.testing(threads: 1)
      context.memoryLimit = limit
      return try CompiledModel(model, registry: .standard, context: context).suitableMicroBatch()
    }
    let free = try size(nil)
    #expect(free > 4)
    // Input and one value of 16 KiB per image.
    #expect(try size(5 * 32_768) == 4)
    #expect(try size(1) == 1)
  }

  /// Rows and width of a value of 6.4 MB whose weight they meet; how often another weight that meets 400 rows weighs 128 KiB.
  @Test(arguments: [(49, 32768, 1, 2), (98, 16384, 1, 2), (196, 8192, 1, 1), (49, 32768, 40, 1)])
  func `half of the weights shall meet many rows, as long as values stay small`(
    _ rows: Int, _ width: Int, _ others: Int, _ expected: Int
  ) throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[n,\(rows),4] x, float[n,400,64] z, float[4,\(width)] w, float[64,\(others * 512)] u)
        => (float[n,1,\(width)] y, float[n,400,1] t) {
          a = MatMul (x, w)
          y = ReduceMean <axes = [1]> (a)
          b = MatMul (z, u)
          t = ReduceMean <axes = [2]> (b)
        }
        """)
    let compiled = CompiledModel(model, registry: .standard, context: .testing(threads: 1))
    #expect(try compiled.suitableMicroBatch() == expected)
  }

  @Test func `a gradient's start that is larger than the limit is refused before it is made`() throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1,1] x) => (float[1,17179869184] y) <int64[2] s = {1, 17179869184}> { y = Expand (x, s) }
        """)
    var context = ExecutionContext.testing(threads: 1)
    context.memoryLimit = 1 << 30
    let run = ModelRun(model, registry: .standard, context: context)
    let error = #expect(throws: ExecutionError.self) {
      try run.gradients(for: ["x": try Tensor(zeros: [1, 1])], by: ["x"])
    }
    #expect(error?.failureCode == .workFailed)
    #expect(
      error?.message.contains("the gradient of 'y' and what it is taken by needs 68719476740 bytes") ?? false)
  }
}
