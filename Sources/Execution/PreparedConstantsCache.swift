import Graphs
import Operators
import Tensors

/// Prepared constants by what they were made of, shared by every plan of one model.
///
/// A folded constant may depend on the batch, such as a class token repeated for every image, and keeps its name in
/// every graph of the model; so an entry is used again only for constants with the same content.
///
/// Owned by whoever makes the plans; not shared between threads.
package final class PreparedConstantsCache {
  private struct Entry {
    let constants: [Tensor?]
    let prepared: any PreparedConstants
  }
  private var entries: [String: [Entry]] = [:]
  private var aligned: [String: [(source: Tensor, copy: Tensor)]] = [:]
  /// Bytes of everything in it.
  private(set) var heldByteCount = 0

  /// How much more may be held while a plan is made.
  struct Room {
    private let budget: MemoryBudget
    private let reserved: Int

    /// The room beside `reserved` bytes; what the cache holds already counts where a limit was set, and is not free elsewhere.
    init(_ budget: MemoryBudget, reserved: Int, _ cache: PreparedConstantsCache) {
      self.budget = budget
      self.reserved = budget.isGiven ? reserved : reserved - cache.heldByteCount
    }

    /// Refuses more than there is room for, beside what is held.
    func require(_ byteCount: Int, beside held: Int) throws(OperatorError) {
      try budget.require(
        min(reserved + held + byteCount, .addressable), for: "the plan with its rearranged constants")
    }
  }

  /// An empty cache.
  package init() {}

  /// What a node's kernel makes of its constants, made once.
  func prepared(
    _ node: LoweredNode, _ kernel: BoundKernel, in graph: LoweredGraph, _ room: Room
  ) throws(ExecutionError) -> (any PreparedConstants)? {
    guard let preparation = kernel.preparation else { return nil }
    let constants = node.inputs.map { graph.constants[$0] }
    let names = zip(node.inputs, constants).map { $1 == nil ? "" : $0 }
    let key = "\(names.joined(separator: ","))→\(node.operationText)"
    let known = entries[key]?.first { entry in
      zip(entry.constants, constants).allSatisfy { PreparedConstantsCache.haveSameContent($0, $1) }
    }
    if let known { return known.prepared }
    do {
      try room.require(preparation.byteCount, beside: heldByteCount)
      let prepared = try preparation.make()
      heldByteCount += preparation.byteCount
      entries[key, default: []].append(Entry(constants: constants, prepared: prepared))
      return prepared
    } catch {
      throw .node(label: node.label, operatorName: node.operatorName.description, error)
    }
  }

  /// A constant whose bytes kernels may read directly.
  func aligned(_ name: String, _ tensor: Tensor, _ room: Room) throws(ExecutionError) -> Tensor {
    let known = aligned[name]?.first { PreparedConstantsCache.haveSameContent($0.source, tensor) }
    if let known { return known.copy }
    if !tensor.isAligned(to: 16) {
      do { try room.require(tensor.byteCount, beside: heldByteCount) } catch {
        throw .memory(value: name, error.message)
      }
      heldByteCount += tensor.byteCount
    }
    do {
      let copy = try tensor.aligned()
      // What was copied is not read again.
      if copy.storage !== tensor.storage { tensor.releasePages() }
      aligned[name, default: []].append((source: tensor, copy: copy))
      return copy
    } catch { throw .outOfMemory(byteCount: tensor.byteCount) }
  }

  private static func haveSameContent(_ left: Tensor?, _ right: Tensor?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    guard left.elementType == right.elementType, left.shape == right.shape else { return false }
    return left.storage === right.storage && left.byteOffset == right.byteOffset
      || left.isIdentical(to: right)
  }
}
