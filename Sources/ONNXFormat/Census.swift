import CONNXProto

/// Counts what a model consists of while it is scanned, and refuses a file whose small parts would fill the memory.
///
/// An empty message takes two bytes in a file and some hundreds as a value. Every message, string and unknown field of a
/// model is counted here before anything is made of it, those of subgraphs and functions too, each with the memory that it
/// was measured to cost the dearest verb. All kinds share one limit, so that no mixture takes more than the file's size and
/// 256 MiB; a network of 100,000 nodes, all of whose values are described, stays below it.
final class Census {
  /// Bytes that all parts together may cost: 256 MiB without what the program itself takes.
  static let byteLimit = 230 << 20

  /// Things that are counted together.
  private struct Kind {
    let name: String
    /// Bytes that each costs.
    let cost: Int
    /// What most may be there of: ten times as many as the largest networks have.
    let limit: Int
    var count = 0
    /// Bytes that these have cost, with their contents.
    var total = 0
  }

  private let byteLimit: Int
  private var total = 0
  private var kinds: [Kind] = []
  /// The kind of each message; those that are not listed are part of one that is.
  private var messages: [(schema: SchemaDescriptor, kind: Int)] = []
  /// Inputs and outputs of graphs, for which more is made than for other values.
  private let ends: Int
  private let strings: Int
  /// Results of nodes, which a plan and the rewriting before it keep in several tables.
  private let results: Int
  private let externalEntries: Int
  private let texts: Int
  private let unknownFields: Int
  private let numbers: Int
  private let elements: Int
  private let graph = unsafe Onnx__GraphProto.descriptor
  private let node = unsafe Onnx__NodeProto.descriptor
  private let tensor = unsafe Onnx__TensorProto.descriptor

  /// A census that has counted nothing.
  ///
  /// - Parameter byteLimit: bytes that all parts together may cost.
  init(byteLimit: Int = Census.byteLimit) {
    self.byteLimit = byteLimit
    var kinds: [Kind] = []
    func kind(_ name: String, _ cost: Int, _ limit: Int = 1_000_000) -> Int {
      kinds.append(Kind(name: name, cost: cost, limit: limit))
      return kinds.count - 1
    }
    ends = kind("inputs and outputs of graphs", 800, 30_000)
    strings = kind("strings", 48)
    results = kind("results of nodes", 1100)
    externalEntries = kind("entries about external data", 190)
    texts = kind("bytes of long texts", 0, .max)
    unknownFields = kind("fields that the schema does not know", 40)
    numbers = kind("numbers in attributes", 27, .max)
    elements = kind("elements stored as integers of varying length", 0, .max)
    messages = unsafe [
      (Onnx__NodeProto.descriptor, kind("nodes", 330)),
      (Onnx__ValueInfoProto.descriptor, kind("values", 290)),
      (Onnx__TensorProto.descriptor, kind("tensors", 760)),
      (Onnx__StringStringEntryProto.descriptor, kind("metadata entries", 105)),
      (Onnx__AttributeProto.descriptor, kind("attributes", 375, 600_000)),
      // Those of a real network share lists; long lists of them cost twice this, which is why there may be fewer.
      (Onnx__TypeProto.descriptor, kind("types", 80, 250_000)),
      (Onnx__TensorShapeProto__Dimension.descriptor, kind("axes of declared types", 45, 500_000)),
      (Onnx__TensorAnnotation.descriptor, kind("quantization annotations", 105)),
      (Onnx__NodeDeviceConfigurationProto.descriptor, kind("device configurations", 50)),
      (Onnx__GraphProto.descriptor, kind("graphs", 420, 100_000)),
      (Onnx__FunctionProto.descriptor, kind("functions", 520, 100_000)),
      (Onnx__SparseTensorProto.descriptor, kind("sparse tensors", 100, 100_000)),
      (Onnx__OperatorSetIdProto.descriptor, kind("operator sets", 220, 100_000)),
      (Onnx__DeviceConfigurationProto.descriptor, kind("configurations of devices", 40, 100_000)),
      (Onnx__TrainingInfoProto.descriptor, kind("training descriptions", 3000, 1000)),
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
    } else if descriptor == tensor, field.number == FieldNumber.Tensor.externalData {
      try count(externalEntries, in: field, of: descriptor)
    }
  }

  /// Counts an element of a list of texts or byte strings.
  func count(stringIn field: WireField, of descriptor: SchemaDescriptor) throws(FormatError) {
    let isResult = descriptor == node && field.number == FieldNumber.Node.outputs
    try count(isResult ? results : strings, in: field, of: descriptor)
  }

  /// Counts the bytes of a text or byte string, which is copied out of the file; short ones are part of what holds them.
  func count(textIn field: WireField, of descriptor: SchemaDescriptor) throws(FormatError) {
    let bytes = field.content.count
    guard bytes > 64 else { return }
    // There are three of each for a moment, which matters where one of them is large.
    try count(texts, bytes, bytes: bytes >= 1 << 20 ? 3 * bytes : bytes, in: field, of: descriptor)
  }

  /// Counts a field that the schema does not know, which is copied into a list that grows.
  func count(unknown field: WireField, of descriptor: SchemaDescriptor) throws(FormatError) {
    let bytes = kinds[unknownFields].cost + 2 * field.range.count
    try count(unknownFields, 1, bytes: bytes, in: field, of: descriptor)
  }

  /// Counts elements of a list of numbers.
  func count(numbers more: Int, in field: WireField, of descriptor: SchemaDescriptor) throws(FormatError) {
    try count(numbers, more, bytes: more * kinds[numbers].cost, in: field, of: descriptor)
  }

  /// Counts elements of a tensor that are decoded, which may take more than their field: they are there twice for a moment.
  func count(elements more: Int, byteCount: Int, in field: WireField, of descriptor: SchemaDescriptor)
    throws(FormatError)
  {
    let bytes = max(0, 2 * byteCount - field.content.count)
    try count(elements, more, bytes: bytes, in: field, of: descriptor)
  }

  private func count(_ kind: Int, in field: WireField, of descriptor: SchemaDescriptor) throws(FormatError) {
    try count(kind, 1, bytes: kinds[kind].cost, in: field, of: descriptor)
  }

  private func count(
    _ kind: Int, _ more: Int, bytes: Int, in field: WireField, of descriptor: SchemaDescriptor
  ) throws(FormatError) {
    kinds[kind].count += more
    kinds[kind].total += bytes
    total += bytes
    guard kinds[kind].count > kinds[kind].limit || total > byteLimit else { return }
    let name = descriptor.name(of: field.number)
    let place = "(\(name) at byte \(field.range.lowerBound))"
    guard total > byteLimit else {
      throw FormatError(
        "holds more than \(kinds[kind].limit) \(kinds[kind].name), which is the limit \(place)", field: name)
    }
    let dearest = kinds.filter { $0.total > 0 }.sorted { $0.total > $1.total }.prefix(3)
    let shares = dearest.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
    throw FormatError(
      "holds so many parts that they take more than \(byteLimit) bytes, which is the limit, most of it for \(shares) \(place)",
      field: name)
  }
}
