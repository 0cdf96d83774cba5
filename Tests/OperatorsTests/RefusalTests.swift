import Graphs
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct RefusalTests {
  struct Refusal: Sendable, CustomStringConvertible {
    let type: String
    let inputs: [ReferenceTensor?]
    let attributes: [Attribute]
    let message: String
    var description: String { message }
  }

  static let refusals = [
    Refusal(
      type: "Gather", inputs: [.normal([3]), .integers([3])], attributes: [],
      message: "index 3 is out of range for an extent of 3"),
    Refusal(
      type: "ScatterND", inputs: [.normal([3]), .integers([-4], [1, 1]), .normal([1])], attributes: [],
      message: "index -4 is out of range for an extent of 3"),
    Refusal(
      type: "SoftmaxCrossEntropyLoss", inputs: [.normal([2, 3]), .integers([0, 3])], attributes: [],
      message: "label 3 is out of range for 3 classes"),
    Refusal(
      type: "MatMul", inputs: [.normal([2, 3]), .normal([4, 2])], attributes: [],
      message: "can't multiply [2,3] and [4,2]: inner extents 3 and 4 differ"),
    Refusal(
      type: "TopK", inputs: [.normal([3]), .integers([4])], attributes: [],
      message: "input 1 (K) is no number from 0 to 3"),
    Refusal(
      type: "ConvTranspose", inputs: [.normal([1, 1, 3]), .normal([1, 1, 2])],
      attributes: [Attribute("output_shape", [9])],
      message:
        "5 elements behind those that the kernel reaches along spatial axis 0, implemented: fewer than the stride 1"
    ),
    Refusal(
      type: "GridSample", inputs: [.normal([1, 1, 3, 3]), .normal([1, 2, 2, 3])], attributes: [],
      message: "grid [1,2,2,3] does not fit [1,1,3,3], expected [1, …, 2]"),
    Refusal(
      type: "Slice", inputs: [.normal([3]), .integers([0]), .integers([3]), .integers([0]), .integers([0])],
      attributes: [], message: "step 0 on axis 0"),
    Refusal(
      type: "Pad", inputs: [.normal([3]), .integers([Int.max, Int.max])], attributes: [],
      message: "pads [9223372036854775807, 9223372036854775807] are out of range"),
    Refusal(
      type: "Conv", inputs: [.normal([1, 1, 3, 3]), .normal([1, 1, 3, 5])],
      attributes: [Attribute("pads", [0, 1, 0, 0])],
      message: "the kernel reaches over 5 elements along spatial axis 1, the padded input has 4"),
    Refusal(
      type: "Conv", inputs: [.normal([0, 1, 3, 3]), .normal([1, 1, 2, 2])],
      attributes: [Attribute("dilations", [3, 1])],
      message: "the kernel reaches over 4 elements along spatial axis 0, the padded input has 3"),
    Refusal(
      type: "Conv", inputs: [.normal([1, 1, 3, 3, 3, 3]), .normal([1, 1, 1, 1, 1, 1])], attributes: [],
      message: "convolution over 4 axes, implemented: 1 to 3"),
    Refusal(
      type: "ConvTranspose", inputs: [.normal([1, 1, 3, 3, 3, 3]), .normal([1, 1, 1, 1, 1, 1])],
      attributes: [], message: "convolution over 4 axes, implemented: 1 to 3"),
    Refusal(
      type: "Conv", inputs: [.normal([1, 1, 3, 3, 3]), .normal([1, 1, 1, 1, 1])],
      attributes: [Attribute("pads", [0, 0, 0, 0])],
      message: "attribute 'pads' has 4 numbers, expected 6"),
    Refusal(
      type: "Conv", inputs: [.normal([1, 1, 3, 3]), .normal([1, 1, 1, 1])],
      attributes: [Attribute("group", 1 << 31)],
      message: "attribute 'group' is 2147483648, expected a positive number below 16777216"),
    Refusal(
      type: "Tile", inputs: [.normal([3]), .integers([1 << 62])], attributes: [],
      message: "can't repeat [3] [4611686018427387904] times"),
  ]

  @Test(arguments: refusals)
  func `bad operands and attributes are refused by name and never trap`(_ refusal: Refusal) throws {
    let names = refusal.inputs.indices.map { "input\($0)" }
    let error = #expect(throws: OperatorError.self) {
      let node = Node(refusal.type, inputs: names, outputs: ["y"], attributes: refusal.attributes)
      let lowered = LoweredNode(
        try OperatorRegistry.standard.lower(node, version: 24).operation, names, outputs: ["y"])
      let tensors = try refusal.inputs.map { try $0?.exactTensor() }
      _ = try lowered.evaluate(
        InputTypes(
          types: tensors.map { $0.map { ValueType($0.elementType, $0.shape) } }, constants: tensors,
          outputCount: 1),
        Interpreter().context)
    }
    #expect(error?.message == refusal.message)
  }
}

extension ReferenceTensor {
  /// The tensor; integers beyond the exact ones of Double become the largest.
  fileprivate func exactTensor() throws -> Tensor {
    guard type == .int64 else { return try tensor(.float32) }
    return try Tensor(values.map { Int64(exactly: $0) ?? .max }, shape: shape)
  }
}
