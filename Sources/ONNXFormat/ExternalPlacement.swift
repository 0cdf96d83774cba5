import Graphs
import Tensors

/// Where the weights of a model that is written go.
public enum ExternalPlacement: Sendable {
  /// Inline tensors stay inline, external ones external.
  ///
  /// Where the model goes to another folder than the one it came from, the external files it uses are copied there.
  case unchanged
  /// Everything goes into the model file.
  case inline
  /// Tensors of at least `threshold` bytes go into one file of this name next to the model, the others inline.
  case file(name: String, threshold: Int = 1024)
}

extension Graph {
  /// This graph with tensors replaced wherever `change` gives another one, or nil where it never does.
  ///
  /// What does not change keeps its origin.
  func replacingTensors(
    _ change: (TensorConstant) throws(FormatError) -> TensorConstant?
  ) throws(FormatError) -> Graph? {
    var result = self
    var changed = false
    for (index, tensor) in initializers.enumerated() {
      guard let replacement = try change(tensor) else { continue }
      result.initializers[index] = replacement
      changed = true
    }
    for (index, tensor) in sparseInitializers.enumerated() {
      guard let replacement = try tensor.replacingTensors(change) else { continue }
      result.sparseInitializers[index] = replacement
      changed = true
    }
    for (index, node) in nodes.enumerated() {
      guard let replacement = try node.replacingTensors(change) else { continue }
      result.nodes[index] = replacement
      changed = true
    }
    return changed ? result : nil
  }
}

extension SparseTensorConstant {
  fileprivate func replacingTensors(
    _ change: (TensorConstant) throws(FormatError) -> TensorConstant?
  ) throws(FormatError) -> SparseTensorConstant? {
    let values = try change(values)
    let indices = try change(indices)
    guard values != nil || indices != nil else { return nil }
    var result = self
    if let values { result.values = values }
    if let indices { result.indices = indices }
    return result
  }
}

extension Node {
  fileprivate func replacingTensors(
    _ change: (TensorConstant) throws(FormatError) -> TensorConstant?
  ) throws(FormatError) -> Node? {
    var result = self
    var changed = false
    for (index, attribute) in attributes.enumerated() {
      guard let value = try attribute.value.replacingTensors(change) else { continue }
      result.attributes[index].value = value
      changed = true
    }
    return changed ? result : nil
  }
}

extension Attribute.Value {
  fileprivate func replacingTensors(
    _ change: (TensorConstant) throws(FormatError) -> TensorConstant?
  ) throws(FormatError) -> Attribute.Value? {
    switch self {
    case .tensor(let tensor): return try change(tensor).map { .tensor($0) }
    case .graph(let graph): return try graph.replacingTensors(change).map { .graph($0) }
    case .sparseTensor(let tensor): return try tensor.replacingTensors(change).map { .sparseTensor($0) }
    case .tensors(let items): return try replaced(items, change).map { .tensors($0) }
    case .graphs(let items):
      return try replaced(items) { item throws(FormatError) in try item.replacingTensors(change) }
        .map { .graphs($0) }
    case .sparseTensors(let items):
      return try replaced(items) { item throws(FormatError) in try item.replacingTensors(change) }
        .map { .sparseTensors($0) }
    case .float, .int, .string, .type, .floats, .ints, .strings, .types, .reference, .undefined: return nil
    }
  }

  private func replaced<Item>(
    _ items: [Item], _ change: (Item) throws(FormatError) -> Item?
  ) throws(FormatError) -> [Item]? {
    var result = items
    var changed = false
    for (index, item) in items.enumerated() {
      guard let replacement = try change(item) else { continue }
      result[index] = replacement
      changed = true
    }
    return changed ? result : nil
  }
}

extension ModelDescription {
  /// This model with tensors replaced wherever `change` gives another one: in its graph, its functions and its training
  /// graphs.
  func replacingTensors(
    _ change: (TensorConstant) throws(FormatError) -> TensorConstant?
  ) throws(FormatError) -> ModelDescription {
    var result = self
    if let replacement = try graph.replacingTensors(change) { result.graph = replacement }
    for (index, function) in functions.enumerated() {
      for (position, node) in function.nodes.enumerated() {
        guard let replacement = try node.replacingTensors(change) else { continue }
        result.functions[index].nodes[position] = replacement
      }
      for (position, attribute) in function.attributes.enumerated() {
        guard let value = try attribute.value.replacingTensors(change) else { continue }
        result.functions[index].attributes[position].value = value
      }
    }
    for (index, item) in training.enumerated() {
      if let replacement = try item.initialization?.replacingTensors(change) {
        result.training[index].initialization = replacement
      }
      if let replacement = try item.algorithm?.replacingTensors(change) {
        result.training[index].algorithm = replacement
      }
    }
    return result
  }
}
