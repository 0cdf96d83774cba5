package import Graphs
package import Operators
package import Tensors

/// A node of which one number, list or shape was replaced by an extreme one.
package struct HostileVariant: Sendable {
  /// What was replaced by what.
  package let change: String
  /// Attributes of the node.
  package var attributes: [Attribute]
  /// Operands by position; nil for absent ones.
  package var operands: [Tensor?]
}

/// The variants of an operator case: each integer of each attribute and operand at the limits of its type and in between, lists of
/// other lengths, operands without elements whose other extents are large.
package struct HostileVariants {
  private let testCase: OperatorCase
  private let known: [(name: String, kind: AttributeNames.Kind)]
  private let shapeInputs: [Int]
  private let operands: [Tensor?]

  /// Numbers that overflow when they are added, multiplied, negated or turned into a size.
  package static let extremes: [Int] = [
    .min, .min + 1, -1 << 31, -2, -1, 0, 1, 2, 1 << 31 - 1, 1 << 31, 1 << 32, 1 << 62, .max,
  ]

  /// The variants of a case.
  package init(of testCase: OperatorCase, registry: OperatorRegistry = .standard) throws {
    self.testCase = testCase
    operands = try testCase.inputs.map { try $0?.tensor(.float32) }
    let names = AttributeNames()
    let node = testCase.node(attributes: testCase.attributes)
    let deciding = try registry.lower(node, version: testCase.version, names: names).shapeInputs
    shapeInputs = operands.indices.filter { deciding.contains(OperatorCase.inputName($0)) }
    known = names.asked
  }

  /// All of them.
  package func all() throws -> [HostileVariant] {
    try attributeVariants() + integerOperandVariants() + realOperandVariants() + emptyOperandVariants()
  }

  private func attributeVariants() -> [HostileVariant] {
    known.flatMap { name, kind -> [HostileVariant] in
      switch kind {
      case .int:
        return Self.extremes.map { variant("\(name) = \($0)", name, .int(Int64($0))) }
      case .ints:
        return lists(of: name).map { variant("\(name) = \($0.prefix(12))", name, .ints($0.map(Int64.init))) }
      case .float, .floats, .text, .tensor, .unread:
        return []
      }
    }
  }

  /// Lists with one number replaced at each position, and lists of other lengths.
  private func lists(of name: String) -> [[Int]] {
    var given: [Int]?
    if case .ints(let values)? = testCase.attributes.first(where: { $0.name == name })?.value {
      given = values.map { Int($0) }
    }
    // Where the case has no such list, the lengths that operators ask for.
    let rank = operands.first.flatMap { $0?.shape.rank } ?? 1
    let lengths = Set([1, 2, rank, rank - 2, 2 * (rank - 2)].filter { $0 > 0 }).sorted()
    let starts = given.map { [$0] } ?? lengths.map { [Int](repeating: 1, count: $0) }
    var lists: [[Int]] = [[], [Int](repeating: 1, count: 100), [Int](repeating: 0, count: 100_000)]
    for start in starts {
      lists += [Array(start.dropLast()), start + [1], start.map { _ in Int.max }, start.map { _ in Int.min }]
      for position in start.indices {
        lists += Self.extremes.map { extreme in
          var list = start
          list[position] = extreme
          return list
        }
      }
    }
    return lists
  }

  private func integerOperandVariants() throws -> [HostileVariant] {
    var variants: [HostileVariant] = []
    for (index, operand) in operands.enumerated() {
      guard let operand, let numbers = operand.integers, operand.elementType != .bool else { continue }
      for position in numbers.indices.prefix(8) {
        for extreme in Self.extremes {
          var changed = numbers
          changed[position] = extreme
          variants.append(
            try variant(
              "input \(index)[\(position)] = \(extreme)", index, changed, operand.shape, operand.elementType))
        }
      }
      guard operand.shape.rank == 1 else { continue }
      for list in [[], numbers + [1], Array(numbers.dropLast()), [Int](repeating: 1, count: 100)] {
        variants.append(
          try variant(
            "input \(index) of \(list.count)", index, list, Shape([list.count]), operand.elementType))
      }
    }
    return variants
  }

  /// Numbers of a floating-point type that decide a shape.
  private func realOperandVariants() throws -> [HostileVariant] {
    var variants: [HostileVariant] = []
    for index in shapeInputs where index < operands.count {
      guard let operand = operands[index], let numbers = operand.doubles else { continue }
      for position in numbers.indices {
        for extreme in [-Double.infinity, -1, 0, 1e-38, 1e-7, 0.5, 3, 0x1p31, 1e30, .infinity, .nan] {
          var changed = numbers.map { Float($0) }
          changed[position] = Float(extreme)
          let tensor = try Tensor(changed, shape: operand.shape)
          variants.append(variant("input \(index)[\(position)] = \(extreme)", index, tensor))
        }
      }
    }
    return variants
  }

  /// Operands without elements: alone, and with another extent that only fits memory since there are none.
  private func emptyOperandVariants() throws -> [HostileVariant] {
    var variants: [HostileVariant] = []
    for (index, operand) in operands.enumerated() {
      guard let operand else { continue }
      for empty in 0..<operand.shape.rank {
        for large in 0..<operand.shape.rank {
          var extents = operand.shape.extents
          extents[large] = 1 << 40
          extents[empty] = 0
          guard let shape = Shape(checking: extents) else { continue }
          let tensor = try Tensor(zeros: shape, of: operand.elementType)
          variants.append(variant("input \(index) of shape \(shape)", index, tensor))
        }
      }
    }
    return variants
  }

  private func variant(_ change: String, _ name: String, _ value: Attribute.Value) -> HostileVariant {
    let others = testCase.attributes.filter { $0.name != name }
    return HostileVariant(change: change, attributes: others + [Attribute(name, value)], operands: operands)
  }

  private func variant(
    _ change: String, _ index: Int, _ numbers: [Int], _ shape: Shape, _ type: ElementType
  ) throws -> HostileVariant {
    let tensor =
      type == .int32
      ? try Tensor(numbers.map { Int32(clamping: $0) }, shape: shape)
      : try Tensor(numbers.map { Int64($0) }, shape: shape)
    return variant(change, index, tensor)
  }

  private func variant(_ change: String, _ index: Int, _ tensor: Tensor) -> HostileVariant {
    var changed = operands
    changed[index] = tensor
    return HostileVariant(change: change, attributes: testCase.attributes, operands: changed)
  }
}

extension OperatorCase {
  /// The case's node with other attributes.
  package func node(attributes: [Attribute]) -> Node {
    Node(
      operatorName, inputs: inputs.enumerated().map { $1 == nil ? "" : Self.inputName($0) },
      outputs: (0..<outputCount).map(Self.outputName), attributes: attributes)
  }
}
