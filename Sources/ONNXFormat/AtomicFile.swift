import TensorFiles
import Tensors

/// A file that appears under its name whole or not at all, out of encoded pieces and storage.
final class AtomicFile {
  private let file: PendingFile

  /// Begins a file; nothing of it is seen before `commit`.
  init(_ path: String) throws(FormatError) {
    do { file = try PendingFile(path) } catch { throw FormatError(unwritable: error) }
  }

  /// Appends bytes from where they are.
  func append(_ encoded: Encoded) throws(FormatError) {
    for piece in encoded.pieces {
      switch piece {
      case .bytes(let bytes): try append(bytes)
      case .stored(let storage, let range): try append(storage, range)
      }
    }
  }

  /// Appends bytes in memory.
  func append(_ bytes: [UInt8]) throws(FormatError) {
    do { try file.write(bytes) } catch { throw FormatError(unwritable: error) }
  }

  /// Appends a range of storage; a large one is written without a copy.
  func append(_ storage: Storage, _ range: Range<Int>) throws(FormatError) {
    let bytes = unsafe UnsafeRawBufferPointer(start: storage.base + range.lowerBound, count: range.count)
    do { unsafe try file.write(bytes) } catch { throw FormatError(unwritable: error) }
  }

  /// Makes the file appear.
  ///
  /// - Parameter isDurable: whether to wait until the bytes are on the disk first.
  func commit(isDurable: Bool = true) throws(FormatError) {
    do { try file.commit(isDurable: isDurable) } catch { throw FormatError(unwritable: error) }
  }
}

extension FormatError {
  fileprivate init(unwritable error: FileError) {
    self.init(error.message, code: error.failureCode, file: error.file, hint: error.hint)
  }
}
