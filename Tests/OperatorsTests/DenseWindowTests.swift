import Graphs
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct DenseWindowTests {
  /// Views of one head of two channels into six tokens of which three are looked at.
  struct Window: Sendable, CustomStringConvertible {
    let description: String
    let view: [Int]
  }

  static let refused = [
    Window(description: "keys that overlap", view: [0, 0, 0, 0, 1, 1]),
    Window(description: "keys that repeat", view: [0, 0, 0, 0, 0, 1]),
    Window(description: "rows that cross the operand's", view: [0, 1, 0, 0, 2, 1]),
    Window(description: "a distance that does not divide the operand", view: [0, 0, 0, 0, 5, 1]),
  ]

  static let accepted = [
    Window(description: "the last tokens", view: [0, 6, 0, 0, 2, 1]),
    Window(description: "every second token", view: [0, 2, 0, 0, 4, 1]),
    Window(description: "channels apart", view: [0, 3, 0, 0, 1, 6]),
  ]

  @Test(arguments: refused)
  func `attention over windows that are not dense is not decomposed`(_ window: Window) throws {
    let error = #expect(throws: OperatorError.self) { try check(window) }
    #expect(error?.message.contains("view 1") ?? false)
  }

  @Test(arguments: accepted)
  func `attention over dense windows gives what its decomposition gives`(_ window: Window) throws {
    try check(window)
  }

  /// Compares attention whose keys are the window with its decomposition.
  private func check(_ window: Window) throws {
    let whole = [0, 0, 0, 0, 2, 1]
    let testCase = OperatorCase(
      window.description, OperatorName("FusedAttention", domain: "dka.fused"), version: 1,
      inputs: [.normal([1, 6, 2])],
      attributes: [
        Attribute("sizes", [1, 1, 6, 3, 2, 2]), Attribute("q_view", whole),
        Attribute("k_view", window.view), Attribute("v_view", whole), Attribute("output_shape", [1, 6, 2]),
        Attribute("output_strides", [12, 0, 2, 1]),
      ], outputCount: 2
    ) { _ in [] }
    try DecompositionCheck().check(testCase)
  }
}
