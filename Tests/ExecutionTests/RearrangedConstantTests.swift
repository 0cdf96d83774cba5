import Execution
import Foundation
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

/// Weights that the products of a step meet in both directions.
@Suite struct RearrangedConstantTests {
  private static let (depth, columns) = (512, 640)

  /// y = x · (1 + s) · W and its gradient by s, over some images of some rows.
  ///
  /// - Parameter path: a file that W is written to and mapped from, on no multiple of four bytes; nil keeps it in memory.
  private static func step(images: Int, rows: Int, path: String? = nil) throws
    -> (plan: Plan, results: [[Double]])
  {
    var model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[n, \(rows), \(depth)] x) => (float[n, \(rows), \(columns)] y)
        <float[\(depth)] s = {\(Array(repeating: "0.5", count: depth).joined(separator: ", "))}> {
          scaled = Mul(x, s)
          y = MatMul(scaled, w)
        }
        """)
    var random = Random(3)
    let weights = (0..<depth * columns).map { _ in Float(random.uniform()) - 0.5 }
    var tensor = try Tensor(weights, shape: Shape([depth, columns]))
    if let path {
      try Data([7] + tensor.bytes).write(to: URL(filePath: path))
      tensor = Tensor(
        elementType: .float32, shape: tensor.shape, storage: try MemoryMap.file(at: path), byteOffset: 1)
    }
    model.graph.initializers.append(TensorConstant(name: "w", tensor))
    let compiled = CompiledModel(
      model, variables: ["s"], registry: .standard, context: .testing(threads: 2))
    var builder = GradientBuilder(extending: try compiled.graph(batch: images), prefix: "gradient/")
    let output = builder.graph.outputs[0]
    let shape = builder.graph.type(output).shape
    let ones = try Tensor([Float](repeating: 1, count: shape.elementCount), shape: shape)
    let gradients = try Differentiation.extend(
      &builder, seeds: [(value: output, gradient: builder.constant(ones, named: "seed"))], by: ["s"])
    builder.setOutputs([output] + gradients.compactMap { $0 })
    let plan = try compiled.plan(builder.graph)
    let x = (0..<images * rows * depth).map { Float($0 * 37 % 101) / 101 - 0.5 }
    let session = try Session(plan)
    _ = try session.run([try Tensor(x, shape: Shape([images, rows, depth]))])
    let results = try session.run([try Tensor(x, shape: Shape([images, rows, depth]))])
    return (plan, results.map { $0.elements(of: Float.self).map(Double.init) })
  }

  @Test func `of one image with many rows weights are not held twice, and the bits are the same`() throws {
    let weights = Self.depth * Self.columns * 4
    let (one, results) = try Self.step(images: 1, rows: 1024)
    let (two, both) = try Self.step(images: 2, rows: 1024)
    let held = { (plan: Plan) in plan.plannedByteCount - plan.sessionByteCount }
    #expect(held(two) >= 2 * weights)
    #expect(held(one) < 2 * weights)
    #expect(results[0] == Array(both[0].prefix(results[0].count)))
    let (few, _) = try Self.step(images: 1, rows: 64)
    #expect(held(few) >= 2 * weights)
  }

  @Test func `weights in a mapped file are read from it by every run, and stay on no pages`() throws {
    let folder = try TemporaryFolder()
    let (mapped, results) = try Self.step(images: 1, rows: 1024, path: folder.file("weights"))
    #expect(results == (try Self.step(images: 1, rows: 1024)).results)
    let held = mapped.plannedByteCount - mapped.sessionByteCount
    #expect(held < Self.depth * Self.columns)
    let maps = try #require(SystemMemory.text(of: "/proc/self/smaps"))
    let lines = maps.split(separator: "\n").drop { !$0.hasSuffix("\(folder.file("weights"))") }
    let resident = try #require(lines.first { $0.hasPrefix("Rss:") })
    // The first and the last page belong to more than the tensor.
    #expect(try #require(Int(resident.split(separator: " ")[1])) <= 8, "\(resident)")
    withExtendedLifetime(mapped) {}
  }
}
