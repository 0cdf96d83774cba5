import Foundation
import Graphs
import Operators
import Rewriting
import Tensors
import TestSupport
import Testing

@Suite struct FixtureFusionTests {
  /// Vision transformers as PyTorch's exporters and onnxslim write them; files that ONNX Runtime rewrote are left out.
  static let vision: [String] = fixtures("backbones").filter { path in
    let name = URL(fileURLWithPath: path).lastPathComponent
    return ["vit", "deit", "dino"].contains { name.contains($0) } && !name.contains(".ort-")
  }
  static let adapted = fixtures("gradients")

  static func fixtures(_ folder: String) -> [String] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures").appendingPathComponent(folder).path
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".onnx") }.sorted().map { path + "/" + $0 }
  }

  @Test(arguments: vision)
  func `attention, norms and activations of an export become fused operators`(_ path: String) throws {
    try FusionCheck(path: path).checkFused()
  }

  @Test(arguments: vision + adapted)
  func `every rule leaves a graph that keeps its promises`(_ path: String) throws {
    #expect(try FusionCheck(path: path).problems == [])
  }

  @Test(arguments: vision + adapted)
  func `every node is read back from what it prints, before and after the rules`(_ path: String) throws {
    let check = try FusionCheck(path: path)
    for node in [check.plain, check.early, check.fused].flatMap(\.nodes) { try node.expectReadBack() }
  }

  @Test(arguments: vision)
  func `fused graphs give the outputs of the plain graph`(_ path: String) throws {
    try FusionCheck(path: path).compareOutputs()
  }

  @Test(arguments: adapted)
  func `an adapter's convolutions become one on tokens where they lie, also one alone`(_ path: String) throws
  {
    let check = try FusionCheck(path: path)
    let depthwise = check.plain.nodes.filter { (($0.operation as? Conv)?.form.group ?? 1) > 1 }
    let convolved = Set(depthwise.flatMap(\.outputs))
    let pairs = check.plain.nodes.filter { $0.type == "Add" && convolved.isSuperset(of: $0.inputs) }
    #expect(FusionCheck.count(check.whole, "TokenDepthwisePair") == depthwise.count - pairs.count)
    #expect(FusionCheck.count(check.whole, "DepthwisePair") == 0)
    try check.compareOutputs()
  }

  @Test(arguments: adapted)
  func `behind the last attention only the class token is computed, in the same bits`(_ path: String) throws {
    let check = try FusionCheck(path: path)
    let pairs = [check.whole, check.early].map { FusionCheck.count($0, "TokenDepthwisePair") }
    // Convolutions of maps that are not fused need all tokens, and so does attention in double.
    if pairs[0] > 0, let last = check.early.nodes.last(where: { $0.type == "FusedAttention" }) {
      #expect(check.early.type(last.outputs[0]).shape[1] == 1)
      #expect(pairs[1] < pairs[0])
    }
    let feeds = try check.randomFeeds()
    for (narrow, full) in zip(
      try Interpreter().run(check.early, feeds), try Interpreter().run(check.whole, feeds))
    {
      #expect(narrow.doubles == full.doubles)
    }
  }

  @Test(arguments: SharedData.deitTiny)
  func `each DeiT-Tiny file comes down to the same operators`(_ path: String) throws {
    let fused = try FusionCheck(path: path, batch: 1).fused
    #expect(FusionCheck.count(fused, "FusedAttention") == 12)
    #expect(FusionCheck.count(fused, "LayerNormalization") == 25)
    #expect(FusionCheck.count(fused, "Linear") == 49)
    // One more than the 92 of all tokens: the residual stream's class token.
    #expect(fused.nodes.count == 93)
  }
}
