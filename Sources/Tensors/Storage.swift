import Glibc
import Synchronization

/// A block of memory that tensors share: allocated, mapped from a file, or part of an arena.
///
/// `@unchecked Sendable`: an immutable tensor only reads its storage, and whoever writes (a session into its
/// arena, a kernel into a fresh result) owns that range alone until it hands it on.
@safe
public final class Storage: @unchecked Sendable {
  /// First byte.
  ///
  /// Allocated storage is aligned to 64 bytes, mapped storage to a page.
  package let base: UnsafeMutableRawPointer
  /// Size in bytes.
  public let byteCount: Int
  /// Whether the bytes are those of a file, unchanged, so that dropped pages come back as they were.
  package let isMappedFile: Bool
  private let release: @Sendable (UnsafeMutableRawPointer, Int) -> Void

  /// Bytes from which on page after page costs less than reading ahead: smaller files are read whole in a few pieces.
  private static let largeFile = 16 << 20

  private static let allocations = Atomic(0)
  /// How often this process has asked the system for memory of tensors, so that a test can tell that a warm run does not.
  package static var allocationCount: Int { allocations.load(ordering: .relaxed) }

  /// Zero-filled memory aligned to 64 bytes.
  ///
  /// - Throws: `StorageError` where the system refuses the memory.
  public convenience init(byteCount: Int) throws(StorageError) {
    guard byteCount >= 0 else { throw StorageError(byteCount: byteCount) }
    Self.allocations.add(1, ordering: .relaxed)
    guard let pointer = unsafe AlignedMemory.allocate(byteCount) else {
      throw StorageError(byteCount: byteCount)
    }
    unsafe self.init(base: pointer, byteCount: byteCount) { base, count in
      unsafe AlignedMemory.deallocate(base, count)
    }
  }

  /// Memory that somebody else provides and `release` gives back.
  package init(
    base: UnsafeMutableRawPointer, byteCount: Int, isMappedFile: Bool = false,
    release: @escaping @Sendable (UnsafeMutableRawPointer, Int) -> Void
  ) {
    unsafe self.base = base
    self.byteCount = byteCount
    self.isMappedFile = isMappedFile
    unsafe self.release = unsafe release
  }

  deinit { unsafe release(base, byteCount) }

  /// Runs `body`, which reads a mapped file here and there: of a large one the system then reads no more than what is touched.
  package func withScatteredReads<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard isMappedFile, byteCount >= Self.largeFile else { return try body() }
    unsafe madvise(base, byteCount, MADV_RANDOM)
    defer { unsafe madvise(base, byteCount, MADV_NORMAL) }
    return try body()
  }

  /// Lets the system drop the physical pages of a mapped range; they are read again from the file when touched.
  package func discardPages(_ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = (range.lowerBound + page - 1) / page * page
    let end = range.upperBound / page * page
    guard start < end else { return }
    unsafe madvise(base + start, end - start, MADV_DONTNEED)
  }
}

/// The system did not give the memory that was asked for.
public struct StorageError: Error, Sendable {
  /// Bytes asked for.
  public let byteCount: Int

  /// An error for a number of bytes.
  package init(byteCount: Int) { self.byteCount = byteCount }
}
