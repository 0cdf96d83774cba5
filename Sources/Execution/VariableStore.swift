package import Tensors

/// The tensors that change between runs, by name: parameters, optimiser state, gradient sums.
///
/// Owned by one trainer; sessions that share it must not run at the same time.
package final class VariableStore {
  private(set) var tensors: [String: Tensor] = [:]

  /// An empty store.
  package init() {}

  /// Adds a variable with a copy of its start value, unless it is there already.
  package func add(_ name: String, start: Tensor) throws(ExecutionError) {
    guard tensors[name] == nil else { return }
    do { tensors[name] = try start.copied() } catch { throw .outOfMemory(byteCount: start.byteCount) }
    start.releasePages()
  }

  /// The present content of a variable, copied; nil where there is no such variable.
  package func copy(of name: String) throws(ExecutionError) -> Tensor? {
    guard let tensor = tensors[name] else { return nil }
    do { return try tensor.copied() } catch { throw .outOfMemory(byteCount: tensor.byteCount) }
  }

  /// Overwrites a variable in place.
  ///
  /// - Throws: `input` where there is no such variable or the type differs.
  package func set(_ name: String, to value: Tensor) throws(ExecutionError) {
    guard let tensor = tensors[name] else { throw .input(name: name, message: "no variable of this name") }
    guard tensor.elementType == value.elementType, tensor.shape == value.shape else {
      throw .input(
        name: name,
        message:
          "has type \(tensor.elementType.name)\(tensor.shape), given \(value.elementType.name)\(value.shape)")
    }
    TensorView(tensor).copyBytes(from: TensorView(value))
  }

  /// Sets a variable to zero in place.
  package func clear(_ name: String) {
    if let tensor = tensors[name] { TensorView(tensor).fillWithZeros() }
  }

  /// Bytes of a variable; nil where there is no such variable.
  package func byteCount(of name: String) -> Int? { tensors[name]?.byteCount }

  /// Bytes of all variables.
  package var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }

  /// Names of all variables, sorted.
  package var names: [String] { tensors.keys.sorted() }
}
