import Graphs
import ONNXFormat
import Tensors
import Testing

/// Files that ONNX forbids though each of their messages can be read.
@Suite struct RefusalTests {
  private func refusal(_ fields: [Wire]) -> FormatError? {
    #expect(throws: FormatError.self) { try read(fields.encoded) }
  }

  private func attribute(_ fields: Wire...) -> [Wire] { Wire.model([.node([.message(5, fields)])]) }

  @Test func `an attribute that is there twice is refused`() {
    let axis = Wire.message(5, [.text(1, "axis"), .varint(3, 1), .varint(20, 2)])
    let error = refusal(Wire.model([.node([axis, axis])]))
    #expect(error?.message == "attribute 'axis' is there twice" && error?.node == "n")
  }

  @Test func `an attribute without name is refused`() {
    let error = refusal(attribute(.varint(3, 1), .varint(20, 2)))
    #expect(error?.message == "an attribute has no name")
    #expect(error?.node == "n" && error?.field == "AttributeProto.name")
  }

  @Test func `an attribute that holds another type than it says is refused`() {
    let error = refusal(attribute(.text(1, "axis"), .fixed32(2, 0), .varint(20, 2)))
    #expect(
      error?.message == "attribute 'axis': says that its type is int, but holds AttributeProto.f")
    #expect(error?.node == "n" && error?.field == "axis")
  }

  @Test func `an attribute of several types is refused, with and without a type`() {
    let both = refusal(attribute(.text(1, "a"), .varint(3, 1), .varint(8, 1), .varint(20, 2)))
    #expect(both?.message.contains("says that its type is int, but holds AttributeProto.ints") == true)
    let unsaid = refusal(attribute(.text(1, "a"), .varint(3, 1), .text(4, "s")))
    #expect(
      unsaid?.message.contains("holds values of several types: AttributeProto.i, AttributeProto.s") == true)
    let reference = refusal(attribute(.text(1, "a"), .varint(3, 1), .varint(20, 2), .text(21, "b")))
    #expect(reference?.message.contains("refers to another attribute and holds a value as well") == true)
  }

  @Test func `an integer that is absent is zero`() throws {
    let model = try read(attribute(.text(1, "axis"), .varint(20, 2)).encoded)
    guard case .int(0)? = model.graph.nodes[0].attribute("axis") else {
      Issue.record("read as \(String(describing: model.graph.nodes[0].attribute("axis")))")
      return
    }
  }

  private func tensor(_ more: [Wire]) -> [Wire] {
    Wire.model([.message(5, [.varint(1, 1), .varint(2, 1), .text(8, "w")] + more)])
  }

  @Test func `elements in the file and in another one are refused`() {
    let location = Wire.message(13, [.text(1, "location"), .text(2, "data")])
    let error = refusal(tensor([.bytes(9, [0, 0, 0, 0]), location, .varint(14, 1)]))
    #expect(error?.message.hasPrefix("has external data and TensorProto.raw_data at byte") == true)
    #expect(error?.tensor == "w" && error?.field == "TensorProto.raw_data")
    let odd = refusal(tensor([.bytes(9, [0, 0, 0, 0]), .varint(14, 7)]))
    #expect(odd?.message == "has data location 7, expected 0 or 1")
  }

  @Test func `a segmented tensor is refused by name`() {
    let error = refusal(tensor([.bytes(9, [0, 0, 0, 0]), .message(3, [.varint(1, 0), .varint(2, 1)])]))
    #expect(error?.message.contains("segmented tensors are not supported") == true)
    #expect(error?.tensor == "w" && error?.failureCode == .unsupported)
  }

  @Test(arguments: [0, -1, 10_001, Int64.max]) func `a senseless IR version is refused`(version: Int64) {
    let graph = Wire.message(7, [.message(12, [.text(1, "y")])])
    let error = refusal([.varint(1, UInt64(bitPattern: version)), graph])
    #expect(error?.message == "says IR version \(version), expected 1 to 14")
    #expect(error?.field == "ModelProto.ir_version")
  }

  @Test func `an IR version above the newest is a warning`() throws {
    let graph = Wire.message(7, [.message(12, [.text(1, "y")])])
    let model = try read([.varint(1, 99), graph].encoded)
    #expect(model.warnings.count == 1 && model.warnings[0].hasPrefix("the file says IR version 99"))
    #expect(try read(Wire.model([]).encoded).warnings.isEmpty)
  }

  @Test(arguments: [0, -3, 9999]) func `a senseless operator set is refused`(version: Int64) {
    let set = Wire.message(8, [.varint(2, UInt64(bitPattern: version))])
    let error = refusal([.varint(1, 8), set, .message(7, [.message(12, [.text(1, "y")])])])
    #expect(
      error?.message == "imports version \(version) of operator set 'ai.onnx', which does not exist")
    #expect(error?.field == "ModelProto.opset_import")
  }

  @Test func `one operator set at two versions is a warning`() throws {
    let model = try read(Wire.model([], [.message(8, [.varint(2, 13)])]).encoded)
    #expect(
      model.warnings == ["operator set 'ai.onnx' is imported at versions 17 and 13; the first one counts"])
  }

  @Test func `a graph without outputs is refused`() {
    let error = refusal([.varint(1, 8), .message(7, [.text(2, "g")])])
    #expect(error?.message == "the graph 'g' has no outputs" && error?.field == "GraphProto.output")
  }
}
