import CZlib

/// Reads what was compressed as gzip, no more of it than is asked for.
@safe final class GzipStream {
  private var stream = unsafe z_stream()
  private var isAtEnd = false

  /// Whether bytes are compressed so.
  static func recognizes(_ bytes: Span<UInt8>) -> Bool { bytes.holds([0x1F, 0x8B, 8]) }

  /// A reader of compressed bytes, which must outlive it.
  init(_ bytes: UnsafeRawBufferPointer) throws(CodecError) {
    guard unsafe czlib_start_reading_gzip(&stream) == Z_OK else { throw CodecError(reason: "out of memory") }
    guard let count = UInt32(exactly: bytes.count) else {
      throw CodecError(reason: "compressed files above 4 GiB are not read")
    }
    unsafe stream.next_in = UnsafeMutablePointer(
      mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
    unsafe stream.avail_in = count
  }

  deinit { unsafe inflateEnd(&stream) }

  /// The next bytes, fewer at the end.
  func read(_ count: Int) throws(CodecError) -> [UInt8] {
    var failure: CodecError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      do throws(CodecError) {
        initialized = unsafe try fill(UnsafeMutableBufferPointer(rebasing: target[..<count]))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Passes over bytes, and gives how many there were.
  func skip(_ count: Int) throws(CodecError) -> Int {
    var left = count
    while left > 0 {
      let found = try read(min(left, 1 << 20)).count
      guard found > 0 else { break }
      left -= found
    }
    return count - left
  }

  private func fill(_ target: UnsafeMutableBufferPointer<UInt8>) throws(CodecError) -> Int {
    var done = 0
    while done < target.count, !isAtEnd {
      let rest = unsafe UnsafeMutableBufferPointer(rebasing: target[done...])
      let part = min(rest.count, 1 << 30)
      unsafe (stream.next_out, stream.avail_out) = (rest.baseAddress, UInt32(part))
      let status = unsafe inflate(&stream, Z_NO_FLUSH)
      done += part - Int(unsafe stream.avail_out)
      switch status {
      case Z_OK: break
      case Z_STREAM_END:
        // Another compressed file may follow, which continues this one.
        if unsafe stream.avail_in == 0 || inflateReset(&stream) != Z_OK { isAtEnd = true }
      default:
        guard unsafe stream.avail_in == 0 else {
          throw CodecError(reason: "the compressed bytes are damaged")
        }
        throw CodecError(reason: "the compressed bytes end too early")
      }
    }
    return done
  }
}
