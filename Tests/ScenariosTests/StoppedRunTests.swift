import Foundation
import Graphs
import ONNXFormat
import TensorFiles
import Tensors
import TestSupport
import Testing

/// Verbs that compute for long and are stopped by Ctrl-C.
@Suite(.serialized) struct StoppedRunTests {
  /// A folder with a network of many slow nodes, and a number to feed it with.
  private func withSlowNetwork() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let nodes = (0..<400).map { "v\($0 + 1) = Tanh (v\($0))" }.joined(separator: "\n")
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["": 17]>
        slow (float[1] x) => (float y) <int64[1] s = {10000000}> {
          v0 = Expand (x, s)
          \(nodes)
          y = ReduceSum <keepdims = 0> (v400)
        }
        """)
    try ONNXFile.write(model, to: folder.file("slow.onnx"))
    try NumPyArray.write(try Tensor([Float(0.5)]), to: folder.file("x.npy"))
    return folder
  }

  /// Interrupts a verb once it has said something, which `--verbose` makes it do before it computes.
  private func interrupted(_ words: [String], in folder: TemporaryFolder) throws -> ToolResult {
    let running = try ToolProcess.start(words + ["--verbose", "--threads", "1"], in: folder)
    while running.isRunning, try running.errorText().isEmpty { usleep(2000) }
    running.interrupt()
    return try running.wait()
  }

  @Test(arguments: [["run"], ["gradients", "--wrt", "x"]])
  func `run and gradients end with 130 and write nothing`(words: [String]) throws {
    let folder = try withSlowNetwork()
    let result = try interrupted(
      words + ["slow.onnx", "--input", "x.npy", "--output-dir", "out"], in: folder)
    #expect(result.code == 130, "\(result.errors)")
    #expect(result.errors.contains("interrupted") && !folder.exists("out"), "\(result.errors)")
  }

  @Test(arguments: [[], ["--train", "--dim", "4", "--kernels", "11,3"]])
  func `bench ends with 130 and prints no figures`(words: [String]) throws {
    let result = try interrupted(
      ["bench", Scenario.transformer, "--runs", "100000"] + words, in: try TemporaryFolder())
    #expect(result.code == 130 && result.output.isEmpty, "\(result.errors)")
  }
}
