/// Numbers of the fields that are cut out of their message instead of going through protobuf-c.
///
/// The schema (Sources/CONNXProto/onnx.proto) is the source; a test compares the two.
enum FieldNumber {
  enum Model {
    static let irVersion = 1, producerName = 2, producerVersion = 3, domain = 4, modelVersion = 5
    static let documentation = 6, graph = 7, operatorSets = 8, metadata = 14, training = 20, functions = 25
    static let deviceConfigurations = 26
    static let cut: FieldSet = [graph, operatorSets, metadata, training, functions, deviceConfigurations]
  }
  enum Graph {
    static let nodes = 1, name = 2, initializers = 5, documentation = 10, inputs = 11, outputs = 12
    static let valueDescriptions = 13, quantizationAnnotations = 14, sparseInitializers = 15, metadata = 16
    static let cut: FieldSet = [
      nodes, initializers, inputs, outputs, valueDescriptions, quantizationAnnotations, sparseInitializers,
      metadata,
    ]
  }
  enum Function {
    static let name = 1, inputs = 4, outputs = 5, attributeNames = 6, nodes = 7, documentation = 8
    static let operatorSets = 9, domain = 10, attributes = 11, valueDescriptions = 12, overload = 13
    static let metadata = 14
    static let cut: FieldSet = [nodes, operatorSets, attributes, valueDescriptions, metadata]
  }
  enum Training {
    static let initialization = 1, algorithm = 2, initializationBinding = 3, updateBinding = 4
    static let cut: FieldSet = [initialization, algorithm, initializationBinding, updateBinding]
  }
  enum Node {
    static let outputs = 2, attributes = 5, metadata = 9, deviceConfigurations = 10
    static let cut: FieldSet = [attributes, metadata, deviceConfigurations]
  }
  enum Attribute {
    static let name = 1, tensor = 5, graph = 6, tensors = 10, graphs = 11, documentation = 13, type = 20
    static let sparseTensor = 22, sparseTensors = 23, float = 2, int = 3, string = 4, floats = 7, ints = 8
    static let strings = 9, typeProto = 14, typeProtos = 15
    static let cut: FieldSet = [tensor, graph, tensors, graphs, sparseTensor, sparseTensors]
    /// Lists of numbers, which the reader walks itself: protobuf-c would take fifty bytes for each.
    static let walked: FieldSet = [floats, ints]
    /// The type of attribute that each field makes.
    static let types: [(field: Int, type: AttributeType)] = [
      (float, .float), (int, .int), (string, .string), (tensor, .tensor), (graph, .graph), (floats, .floats),
      (ints, .ints), (strings, .strings), (tensors, .tensors), (graphs, .graphs), (typeProto, .type),
      (typeProtos, .types), (sparseTensor, .sparseTensor), (sparseTensors, .sparseTensors),
    ]
  }
  enum Value {
    static let metadata = 4
    static let cut: FieldSet = [metadata]
  }
  enum Annotation {
    static let parameters = 2
    static let cut: FieldSet = [parameters]
  }
  enum Tensor {
    static let segment = 3, floatData = 4, int32Data = 5, stringData = 6, int64Data = 7, rawData = 9
    static let doubleData = 10, uint64Data = 11, externalData = 13, dataLocation = 14, metadata = 16
    static let cut: FieldSet = [
      segment, floatData, int32Data, stringData, int64Data, rawData, doubleData, uint64Data, metadata,
    ]
  }
  enum SparseTensor {
    static let values = 1, indices = 2
    static let cut: FieldSet = [values, indices]
  }
}

/// A set of field numbers below 64.
struct FieldSet: ExpressibleByArrayLiteral {
  private var bits: UInt64 = 0

  /// The set of some numbers.
  init(arrayLiteral numbers: Int...) { for number in numbers { insert(number) } }

  /// All numbers below 64.
  static let all: FieldSet = {
    var set: FieldSet = []
    set.bits = .max
    return set
  }()

  /// Whether a number is in the set.
  func contains(_ number: Int) -> Bool { number < 64 && bits & 1 << UInt64(number) != 0 }

  /// Adds a number below 64, and says whether it is new.
  @discardableResult
  mutating func insert(_ number: Int) -> Bool {
    let isNew = !contains(number)
    bits |= 1 << UInt64(number)
    return isNew
  }
}
