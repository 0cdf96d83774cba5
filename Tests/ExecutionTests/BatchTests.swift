import Execution
import Graphs
import ONNXFormat
import Operators
import Tensors
import TestSupport
import Testing

@Suite struct BatchTests {
  private func session(_ model: ModelDescription, batch: Int, threads: Int = 2) throws -> Session {
    let compiled = CompiledModel(model, registry: .standard, context: .testing(threads: threads))
    return try Session(try compiled.plan(try compiled.graph(batch: batch)))
  }

  /// Logits of each image by a run of its own, and of all in one run.
  private func aloneAndTogether(_ file: String) throws -> (alone: [Tensor], together: Tensor) {
    try aloneAndTogether(try BackboneFiles.model(file))
  }

  private func aloneAndTogether(_ model: ModelDescription) throws -> (alone: [Tensor], together: Tensor) {
    let images = try BackboneFiles.images(model, count: 3)
    let single = try session(model, batch: 1)
    let alone = try (0..<3).map { try single.run([images.rows($0..<$0 + 1)])[0] }
    return (alone, try session(model, batch: 3).run([images])[0])
  }

  @Test(arguments: BackboneFiles.transformers)
  func `an image alone and within a batch gives the same bits`(_ file: String) throws {
    let (alone, together) = try aloneAndTogether(file)
    for (index, row) in alone.enumerated() {
      #expect(row.isIdentical(to: try together.rows(index..<index + 1).copied()))
    }
  }

  @Test(arguments: BackboneFiles.fixed)
  func `a batch that the exporter fixed is rewritten so that every image keeps its answer`(_ file: String)
    throws
  {
    try expectEveryAnswer(try aloneAndTogether(file))
  }

  @Test(arguments: ["mask.ts11.fixed", "mask.dy20.fixed.slim", "linear.dy18.fixed"])
  func `sizes that a Resize names for one image are those of every image`(_ file: String) throws {
    let model = try ONNXFile.read(FixtureFiles.path("segmenter/segmenter_\(file).onnx"))
    try expectEveryAnswer(try aloneAndTogether(model))
  }

  @Test func `places of a GridSample for one image are read in every image`() throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["": 17]>
        sampled (float[1, 3, 4, 4] image) => (float[1, 3, 1, 2] y)
        <float[1, 1, 2, 2] places = {-0.5, 0.25, 0.5, -1.0}> {
          y = GridSample (image, places)
        }
        """)
    try expectEveryAnswer(try aloneAndTogether(model))
  }

  @Test func `an output that stays as it is for more images is refused by name`() throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["": 17]>
        first (float[1, 3, 4, 4] image) => (float[1, 3, 4, 4] y)
        <int64[1] zero = {0}, int64[1] one = {1}> {
          y = Slice (image, zero, one, zero)
        }
        """)
    #expect(try session(model, batch: 1).run([try BackboneFiles.images(model, count: 1)])[0].shape[0] == 1)
    let error = try #require(throws: LoweringError.self) { try session(model, batch: 3) }
    #expect(error.message.contains("output 'y' is [1,3,4,4] for 3 images as for 1"), "\(error.message)")
  }

  private func expectEveryAnswer(_ answers: (alone: [Tensor], together: Tensor)) throws {
    let (alone, together) = answers
    #expect(together.shape[0] == 3)
    let answers = Set(alone.map { $0.widened })
    #expect(answers.count == 3, "three images that differ give answers that differ")
    for (index, row) in alone.enumerated() {
      #expect(together.rows(index..<index + 1).widened == row.widened)
    }
  }

  @Test(arguments: BackboneFiles.transformers)
  func `outputs have the same bits with one and two threads`(_ file: String) throws {
    let model = try BackboneFiles.model(file)
    let images = try BackboneFiles.images(model, count: 2)
    let one = try session(model, batch: 2, threads: 1).run([images])
    let two = try session(model, batch: 2, threads: 2).run([images])
    #expect(zip(one, two).allSatisfy { $0.isIdentical(to: $1) })
  }

  @Test(arguments: BackboneFiles.open)
  func `a plan gives what the plain interpreter gives`(_ file: String) throws {
    let model = try BackboneFiles.model(file)
    let images = try BackboneFiles.images(model, count: 2)
    let planned = try session(model, batch: 2).run([images])
    let lowered = try Lowering(registry: .standard, context: .testing(threads: 1)).lower(model, batch: 2)
    let input = try #require(lowered.inputs.first { lowered.constants[$0] == nil })
    let plain = try Interpreter().run(lowered, [input: images])
    for (a, b) in zip(planned, plain) {
      try expectClose(
        a.widened, b.widened,
        lowered.storedTypes.isEmpty
          ? .relativeToLargest(1e-5, reason: "fused operators round elsewhere")
          : .relativeToLargest(5e-4, reason: "GELU's numbers as float16 has them become what was meant"))
    }
  }
}
