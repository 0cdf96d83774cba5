import CONNXProto

/// Counts what a model consists of while it is scanned, and refuses a file whose small messages would fill the memory.
///
/// An empty message takes two bytes in a file and a hundred and more as a value. Every message, string and unknown field
/// of a model is counted here before anything is made of it, those of subgraphs and functions too, so that reading takes
/// no more than the file's size and 256 MiB.
final class Census {
  /// What most things may be there of: ten times as many as the largest networks have.
  static let limit = 1_000_000
  /// How many numbers attributes may hold; each takes one byte in a file and eight in memory.
  static let numberLimit = 16_000_000

  /// Things that share a limit.
  private struct Kind {
    let name: String
    let limit: Int
    var count = 0
  }

  private var kinds: [Kind] = []
  /// The kind of each message; those that are not listed are part of one that is.
  private var messages: [(schema: SchemaDescriptor, kind: Int)] = []
  /// Inputs and outputs of graphs, of which there are fewer than of other values, and for which more is made.
  private let ends: Int
  private let graph = unsafe Onnx__GraphProto.descriptor
  private let strings: Int
  private let unknownFields: Int
  private let numbers: Int

  /// A census that has counted nothing.
  init() {
    var kinds: [Kind] = []
    func kind(_ name: String, _ limit: Int = Census.limit) -> Int {
      kinds.append(Kind(name: name, limit: limit))
      return kinds.count - 1
    }
    ends = kind("inputs and outputs of graphs", 100_000)
    strings = kind("strings")
    unknownFields = kind("fields that the schema does not know")
    numbers = kind("numbers in attributes", Census.numberLimit)
    messages = unsafe [
      (Onnx__NodeProto.descriptor, kind("nodes")), (Onnx__ValueInfoProto.descriptor, kind("values")),
      (Onnx__TensorProto.descriptor, kind("tensors")),
      (Onnx__StringStringEntryProto.descriptor, kind("metadata entries")),
      (Onnx__AttributeProto.descriptor, kind("attributes")),
      (Onnx__TypeProto.descriptor, kind("types", 750_000)),
      (Onnx__TensorShapeProto__Dimension.descriptor, kind("axes of declared types")),
      (Onnx__TensorAnnotation.descriptor, kind("quantization annotations")),
      (Onnx__NodeDeviceConfigurationProto.descriptor, kind("device configurations")),
      (Onnx__GraphProto.descriptor, kind("graphs", 100_000)),
      (Onnx__FunctionProto.descriptor, kind("functions", 100_000)),
      (Onnx__SparseTensorProto.descriptor, kind("sparse tensors", 100_000)),
      (Onnx__OperatorSetIdProto.descriptor, kind("operator sets", 100_000)),
      (Onnx__DeviceConfigurationProto.descriptor, kind("configurations of devices", 100_000)),
      (Onnx__TrainingInfoProto.descriptor, kind("training descriptions", 1000)),
    ]
    self.kinds = kinds
  }

  /// Counts the message that a field holds.
  func count(message: SchemaDescriptor, in field: WireField, of descriptor: SchemaDescriptor)
    throws(FormatError)
  {
    guard let entry = messages.first(where: { $0.schema == message }) else { return }
    try count(entry.kind, in: field, of: descriptor)
    typealias Number = FieldNumber.Graph
    if descriptor == graph, field.number == Number.inputs || field.number == Number.outputs {
      try count(ends, in: field, of: descriptor)
    }
  }

  /// Counts an element of a list of texts or byte strings.
  func count(stringIn field: WireField, of descriptor: SchemaDescriptor) throws(FormatError) {
    try count(strings, in: field, of: descriptor)
  }

  /// Counts a field that the schema does not know.
  func count(unknown field: WireField, of descriptor: SchemaDescriptor) throws(FormatError) {
    try count(unknownFields, in: field, of: descriptor)
  }

  /// Counts elements of a list of numbers.
  func count(numbers more: Int, in field: WireField, of descriptor: SchemaDescriptor) throws(FormatError) {
    try count(numbers, more, in: field, of: descriptor)
  }

  private func count(
    _ kind: Int, _ more: Int = 1, in field: WireField, of descriptor: SchemaDescriptor
  ) throws(FormatError) {
    kinds[kind].count += more
    guard kinds[kind].count > kinds[kind].limit else { return }
    throw FormatError(
      "holds more than \(kinds[kind].limit) \(kinds[kind].name), which is the limit (\(descriptor.name(of: field.number)) at byte \(field.range.lowerBound))",
      field: descriptor.name(of: field.number))
  }
}
