import Synchronization
import Tensors

/// Memory for batches, used again as soon as the last tensor on it is gone.
///
/// The free list is behind a lock; a lease belongs to one batch.
final class BatchBuffers: Sendable {
  private let byteCount: Int
  private let free = Mutex<[Storage]>([])

  /// Buffers of one size.
  init(byteCount: Int) {
    self.byteCount = byteCount
  }

  /// Storage of the full size; dropping the last reference gives the memory back to this pool.
  func lease() throws(StorageError) -> Storage {
    let reused = free.withLock { $0.popLast() }
    let memory: Storage
    if let reused { memory = reused } else { memory = try Storage(byteCount: byteCount) }
    // The release closure keeps `memory` alive while the lease is; then the pool takes it over.
    return unsafe Storage(base: memory.base, byteCount: byteCount) { [self] _, _ in
      free.withLock { $0.append(memory) }
    }
  }

  /// Buffers that wait to be used again.
  var freeCount: Int { free.withLock { $0.count } }
}
