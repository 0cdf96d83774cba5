import Execution
import Glibc
import Graphs
import Operators
import Tensors
import TestSupport
import Testing

@Suite(.serialized, .enabled("the kernel counts no page faults") { WarmRunTests.isMeasurable })
struct WarmRunTests {
  /// Pages that the calling thread had to be given while it worked.
  private static func faults(_ work: () throws -> Void) rethrows -> Int {
    func count() -> Int {
      var usage = rusage()
      // 1 is RUSAGE_THREAD, which Glibc's module leaves out.
      _ = unsafe getrusage(__rusage_who_t(1), &usage)
      return usage.ru_minflt
    }
    let before = count()
    try work()
    return count() - before
  }

  /// Memory of 4 KiB or more then comes as fresh pages each time, so that asking for it shows as a page fault.
  private static func makeAllocationsVisible() throws {
    // Glibc's module leaves malloc.h out. −3 is M_MMAP_THRESHOLD.
    typealias Option = @convention(c) (Int32, Int32) -> Int32
    guard let symbol = unsafe dlsym(nil, "mallopt") else { throw CheckFailure("there is no mallopt") }
    let isDone = unsafe unsafeBitCast(symbol, to: Option.self)(-3, 4096)
    #expect(isDone == 1)
  }

  /// Whether one tensor that is allocated shows; some sandboxes do not count page faults.
  static let isMeasurable: Bool = {
    let pages = (0..<10).map { _ in
      (try? faults {
        try makeAllocationsVisible()
        _ = try Tensor(zeros: [64, 64], of: .float32).copied()
      }) ?? 0
    }
    return (pages.min() ?? 0) > 0
  }()

  @Test func `a warm run allocates no tensor memory`() throws {
    try Self.makeAllocationsVisible()
    let model = try BackboneFiles.model("timm_vit.ts17.dynamic.onnx")
    let compiled = CompiledModel(model, registry: .standard, context: .testing(threads: 1))
    let session = try Session(try compiled.plan(try compiled.graph(batch: 8)))
    try session.setInput(0, to: try BackboneFiles.images(model, count: 8))
    for _ in 0..<3 { try session.run() }
    let pages = try (0..<10).map { _ in try Self.faults { try session.run() } }
    #expect(pages.min() == 0, "pages per run: \(pages)")
  }

  @Test func `a warm run of forward and backward allocates no tensor memory`() throws {
    try Self.makeAllocationsVisible()
    let model = try FixtureFiles.model("gradients/both-float32/model.onnx")
    let names = model.graph.initializers.filter { $0.name.hasPrefix("dka/") && $0.shape.rank > 1 }.map(\.name)
    let compiled = CompiledModel(
      model, variables: names, registry: .standard, context: .testing(threads: 1))
    var builder = GradientBuilder(
      extending: try compiled.graph(batch: 8), registry: .standard, prefix: "gradient/")
    let output = builder.graph.outputs[0]
    let shape = builder.graph.type(output).shape
    let ones = try Tensor([Float](repeating: 1, count: shape.elementCount), shape: shape)
    let seed = builder.constant(ones, named: "seed")
    let gradients = try Differentiation.extend(&builder, seeds: [(value: output, gradient: seed)], by: names)
    builder.setOutputs(gradients.compactMap { $0 })
    let session = try Session(try compiled.plan(builder.graph))
    try session.setInput(0, to: try BackboneFiles.images(model, count: 8))
    for _ in 0..<3 { try session.run() }
    let pages = try (0..<10).map { _ in try Self.faults { try session.run() } }
    #expect(pages.min() == 0, "pages per run: \(pages)")
  }
}
