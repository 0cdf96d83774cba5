import Graphs
import Kernels
import Synchronization
package import Tensors

// Floats of 16 bits are computed with in float32, which has each of their numbers: what a file stores so is widened where it
// is read, a Cast between the two changes nothing, and `LoweredGraph.storedTypes` says of which values a file has fewer bits.

extension Tensor {
  /// The elements in the type in which they are computed with, aligned to 16 bytes.
  package func computable() throws(StorageError) -> Tensor { try computable(.single) }

  /// The same, made with the threads of some options.
  func computable(_ options: KernelOptions) throws(StorageError) -> Tensor {
    guard let target = elementType.computed, target != elementType else { return try aligned() }
    let wide = try Tensor(zeros: shape, of: target)
    Elementwise.widen(TensorView(try aligned()), into: TensorView(wide), options)
    return wide
  }

  /// Numbers in the type that a file stores them in: float32 rounded to floats of 16 bits, everything else as it is.
  package func stored(as type: ElementType) throws(StorageError) -> Tensor {
    guard type != elementType, type.computed == elementType else { return self }
    let narrow = try Tensor(zeros: shape, of: type)
    Elementwise.narrow(TensorView(try aligned()), into: TensorView(narrow), .single)
    return narrow
  }
}

extension KernelOptions {
  /// One thread and plain instructions: for small tensors.
  fileprivate static let single = KernelOptions(threads: 1, level: .portable)
}

/// Weights of 16 bits in float32, made once for all lowerings that share them.
package final class WidenedWeights: Sendable {
  private let known = Mutex<[String: (source: Tensor, wide: Tensor)]>([:])

  /// None yet.
  package init() {}

  /// An initializer as it is computed with.
  func wide(_ tensor: Tensor, named name: String, _ options: KernelOptions) throws(StorageError) -> Tensor {
    let found = known.withLock { $0[name] }
    if let found, found.source.storage === tensor.storage, found.source.byteOffset == tensor.byteOffset,
      found.source.shape == tensor.shape, found.source.elementType == tensor.elementType
    {
      return found.wide
    }
    let wide = try tensor.computable(options)
    known.withLock { $0[name] = (tensor, wide) }
    return wide
  }
}

/// An operator whose results have the type of one operand, which is not its first one of numbers.
protocol TypedByOperand: Operator {
  /// Position of that operand.
  var typingOperand: Int { get }
}

extension LoweredGraph {
  /// Notes how a file stores what nothing computes, where it does so in fewer bits than are computed with.
  mutating func noteStoredType(_ type: ElementType?, of value: String) {
    if let type, let computed = type.computed, type != computed { storedTypes[value] = type }
  }

  /// Notes which results of a typed node the file stores in fewer bits than they are computed in: where an attribute of the
  /// file's node says so, else where the operand is stored so that gives them their type.
  mutating func noteStoredTypes(of node: LoweredNode, in file: Node) {
    let stored: ElementType?
    if let stated = file.statedElementType {
      stored = stated
    } else {
      let position = (node.operation as? any TypedByOperand)?.typingOperand
      let operand =
        position.flatMap { node.input($0) } ?? node.inputs.first { types[$0]?.elementType == .float32 }
      stored = operand.flatMap { storedTypes[$0] }
    }
    for output in node.outputs where types[output]?.elementType == stored?.computed {
      noteStoredType(stored, of: output)
    }
  }
}

extension Node {
  /// The element type that an attribute gives the results: as a number, or by holding them.
  fileprivate var statedElementType: ElementType? {
    for attribute in attributes {
      switch attribute.value {
      case .tensor(let constant): return constant.elementType
      case .int(let number) where ["to", "dtype"].contains(attribute.name):
        return Int32(exactly: number).flatMap { ElementType(rawValue: $0) }
      default: continue
      }
    }
    return nil
  }
}
