import Execution
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// What a session is fed is read where it lies.
@Suite struct FeedingTests {
  private static func session(_ text: String, batch: Int = 2) throws -> Session {
    let model = try ModelDescription(text: "<ir_version: 8, opset_import: [\"\" : 17]> \(text)")
    let compiled = CompiledModel(model, registry: .standard, context: .testing(threads: 1))
    return try Session(try compiled.plan(try compiled.graph(batch: batch)))
  }

  private static let parts = """
    g (float[n,4] x) => (float[n,2] y, float[n,4] x) <int64[1] from = {2}, int64[1] to = {4}, int64[1] axis = {1}> {
      cut = Slice(x, from, to, axis)
      y = Neg(cut)
    }
    """

  @Test func `an input that is fed is not copied, and is let go when the next one is`() throws {
    let session = try Self.session(Self.parts)
    var given = Optional(try Tensor([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [2, 4]))
    weak let memory = given?.storage
    try session.setInput(0, to: try #require(given))
    try session.run()
    #expect(session.outputView(1).storage === memory)
    #expect(session.value(0, of: Float.self) == [-3, -4, -7, -8])
    given = nil
    #expect(memory != nil)
    try session.setInput(0, to: try Tensor([0, 0, 1, 2, 0, 0, 3, 4] as [Float], shape: [2, 4]))
    #expect(memory == nil)
    try session.run()
    #expect(session.value(0, of: Float.self) == [-1, -2, -3, -4])
    #expect(session.value(1, of: Float.self) == [0, 0, 1, 2, 0, 0, 3, 4])
  }

  @Test func `rows of a batch are read in the middle of it, aligned or not`() throws {
    let session = try Self.session(Self.parts, batch: 1)
    let batch = try Tensor((0..<12).map { Float($0) }, shape: [3, 4])
    for row in 0..<3 {
      let start = Float(4 * row)
      try session.setInput(0, to: batch.rows(row..<row + 1))
      try session.run()
      #expect(session.value(0, of: Float.self) == [-start - 2, -start - 3])
    }
    let odd = Tensor(elementType: .float32, shape: [1, 4], storage: batch.storage, byteOffset: 4)
    #expect(try session.run([odd])[0].elements(of: Float.self) == [-3, -4])
  }

  @Test func `another shape is refused by name`() throws {
    let session = try Self.session(Self.parts)
    let error = #expect(throws: ExecutionError.self) {
      try session.setInput(0, to: try Tensor(zeros: [3, 4]))
    }
    #expect(
      error?.message.contains("expects float[2,4], given float[3,4]") ?? false, "\(error?.message ?? "")")
  }
}
