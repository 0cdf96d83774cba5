import Tensors

extension GraphTextParser {
  /// The elements in braces of a tensor whose type was read; every extent must be a number.
  mutating func tensor(
    name: String, _ elementType: Int32, _ dimensions: [Dimension]?
  ) throws(GraphError) -> TensorConstant {
    let start = scanner
    let extents = dimensions?.compactMap { dimension -> Int? in
      guard case .value(let extent) = dimension.extent else { return nil }
      return Int(exactly: extent)
    }
    guard let type = ElementType(rawValue: elementType), let extents, extents.count == dimensions?.count,
      let shape = Shape(checking: extents)
    else { throw start.fault("elements after a type with fixed extents") }
    if type == .string {
      let strings = try braced { scanner throws(GraphError) in try scanner.quotedBytes() }
      try check(strings.count, shape, start)
      return TensorConstant(name: name, strings: strings, shape: shape)
    }
    let numbers = try braced { scanner throws(GraphError) in try scanner.number() }
    try check(numbers.count, shape, start)
    do {
      return TensorConstant(name: name, try Tensor(numbers, shape: shape, type))
    } catch let error as StorageError {
      throw GraphError("tensor '\(name)': not enough memory for \(error.byteCount) bytes", code: .workFailed)
    } catch {
      throw start.fault("elements that fit \(type.name)")
    }
  }

  private func check(_ count: Int, _ shape: Shape, _ start: TextScanner) throws(GraphError) {
    guard count == shape.elementCount else {
      throw start.fault("\(shape.elementCount) elements for shape \(shape), not \(count),")
    }
  }

  private mutating func braced<Item>(
    _ read: (inout TextScanner) throws(GraphError) -> Item
  ) throws(GraphError) -> [Item] {
    var items: [Item] = []
    try scanner.expect("{")
    while !scanner.sees("}") {
      items.append(try read(&scanner))
      guard scanner.accepts(",") else { break }
    }
    try scanner.expect("}")
    return items
  }
}

extension Tensor {
  private struct Unfit: Error {}

  /// A tensor of the elements that a text lists.
  fileprivate init(_ numbers: [TextScanner.Number], shape: Shape, _ type: ElementType) throws {
    switch type {
    case .float32: try self.init(numbers.map { Float($0.double) }, shape: shape)
    case .float64: try self.init(numbers.map(\.double), shape: shape)
    case .int64: try self.init(numbers.map { try $0.integer(Int64.self) }, shape: shape)
    case .int32: try self.init(numbers.map { try $0.integer(Int32.self) }, shape: shape)
    case .int16: try self.init(numbers.map { try $0.integer(Int16.self) }, shape: shape)
    case .int8: try self.init(numbers.map { try $0.integer(Int8.self) }, shape: shape)
    case .uint8: try self.init(numbers.map { try $0.integer(UInt8.self) }, shape: shape)
    case .uint16: try self.init(numbers.map { try $0.integer(UInt16.self) }, shape: shape)
    case .uint32: try self.init(numbers.map { try $0.integer(UInt32.self) }, shape: shape)
    case .uint64:
      try self.init(numbers.map { UInt64(bitPattern: try $0.integer(Int64.self)) }, shape: shape)
    case .bool: try self.init(numbers.map { try $0.integer(Int64.self) != 0 }, shape: shape)
    default: throw Unfit()
    }
  }
}

extension TextScanner.Number {
  private struct Unfit: Error {}

  fileprivate var double: Double {
    switch self {
    case .int(let value): Double(value)
    case .float(let value): value
    }
  }

  fileprivate func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
    guard case .int(let value) = self, let integer = Integer(exactly: value) else { throw Unfit() }
    return integer
  }
}
