import Graphs
import Operators
import Tensors

/// Prepared constants by what they were made of, shared by every plan of one model.
///
/// Owned by whoever makes the plans; not shared between threads.
package final class PreparedConstantsCache {
  private var entries: [String: any PreparedConstants] = [:]
  private var aligned: [String: Tensor] = [:]

  /// An empty cache.
  package init() {}

  /// What a node's operator makes of its constants, made once.
  func prepared(_ lowered: LoweredNode, in graph: LoweredGraph, _ context: ExecutionContext)
    throws(ExecutionError) -> (any PreparedConstants)?
  {
    let node = lowered.node
    let names = node.inputs.map { graph.constants[$0] == nil ? "" : $0 }
    guard names.contains(where: { !$0.isEmpty }) else { return nil }
    let attributes = node.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    let key = "\(node.operatorName)(\(names.joined(separator: ",")))\(attributes)"
    if let entry = entries[key] { return entry }
    do {
      let entry = try lowered.operation.prepare(graph.inputTypes(of: node), context.options)
      if let entry { entries[key] = entry }
      return entry
    } catch {
      throw .node(label: node.label, operatorName: node.operatorName.description, error)
    }
  }

  /// A constant whose bytes kernels may read directly.
  func aligned(_ name: String, _ tensor: Tensor) throws(ExecutionError) -> Tensor {
    if let known = aligned[name] { return known }
    do {
      let copy = try tensor.aligned()
      aligned[name] = copy
      return copy
    } catch { throw .outOfMemory(byteCount: tensor.byteCount) }
  }
}
