import Operators
import Tensors

/// Start values of sums and moments: zeros that lie in one piece of memory, which is nobody's to write.
///
/// Who holds a graph holds the start values of its variables, and there are three zeros for each trained number.
struct ZeroStart {
  private let storage: Storage

  /// Zeros for tensors of at most so many bytes.
  init(upTo byteCount: Int) throws(StorageError) { storage = try Storage(byteCount: byteCount) }

  /// Zeros like a tensor that is no larger.
  func zeros(like type: ValueType) -> Tensor {
    Tensor(elementType: type.elementType, shape: type.shape, storage: storage)
  }
}
