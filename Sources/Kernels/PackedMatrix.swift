internal import CKernels
package import Tensors

/// A Float32 matrix [k, n] rearranged for the right side of a product, for one processor level.
///
/// Made once per weight and shared between threads. The layout is the level's own (panels of 8, 16 or 32 columns in blocks
/// of the level's depth), so a packed matrix is used with the level it was packed for and never stored in a file.
@safe
package final class PackedMatrix: @unchecked Sendable {
  // Written only while it is packed, before anyone else sees it; read-only afterwards.
  private let storage: UnsafeMutableRawPointer
  package let k: Int
  package let n: Int
  package let level: Processor.Level
  /// Floats in `elements`.
  package let count: Int

  /// Packs `source`; the transpose of a row-major W [n, k] is `MatrixView(W, rowStride: 1, columnStride: k)`.
  ///
  /// k · n must not overflow: whoever holds `source` in memory has that checked.
  ///
  /// - Throws: `StorageError` where the system refuses the memory.
  package init(_ source: MatrixView<Float>, k: Int, n: Int, options: KernelOptions) throws(StorageError) {
    self.k = k
    self.n = n
    level = options.level
    count = dka_packed_size(level.rawValue, k, n)
    let byteCount = count * MemoryLayout<Float>.stride
    guard let memory = unsafe AlignedMemory.allocate(byteCount) else {
      throw StorageError(byteCount: byteCount)
    }
    unsafe storage = memory
    let destination = unsafe storage.bindMemory(to: Float.self, capacity: max(count, 1))
    unsafe Self.pack(source, k: k, n: n, into: destination, options: options)
  }

  deinit { unsafe AlignedMemory.deallocate(storage, count * MemoryLayout<Float>.stride) }

  /// The packed elements, 64-byte aligned; valid as long as the matrix is.
  package var elements: UnsafePointer<Float> {
    unsafe UnsafePointer(storage.assumingMemoryBound(to: Float.self))
  }

  /// Floats that packing [k, n] takes; `Int.addressable` where no memory holds so many.
  package static func count(k: Int, n: Int, level: Processor.Level) -> Int {
    // A panel is filled up to its width.
    Int.boundedProduct(k, n + 64) < .addressable ? dka_packed_size(level.rawValue, k, n) : .addressable
  }

  /// Packs into memory of the caller, 64-byte aligned, cut by panels over threads.
  package static func pack(
    _ source: MatrixView<Float>, k: Int, n: Int, into destination: UnsafeMutablePointer<Float>,
    options: KernelOptions
  ) {
    let width = dka_gemm_tile_columns(options.level.rawValue)
    let panels = (n + width - 1) / width
    let parts = max(1, min(options.threads * 2, panels, k * n / 65_536))
    parallelFor(parts, threads: options.threads) { part, _ in
      let range = evenPart(part, of: parts, count: panels)
      unsafe dka_pack_b(
        options.level.rawValue, source.elements, source.rowStride, source.columnStride, k, n,
        range.lowerBound,
        range.upperBound, destination)
    }
  }
}
