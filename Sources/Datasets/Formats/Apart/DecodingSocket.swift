import Glibc

/// One end of the socket between a decoding process and the process that asks it: messages with their size in front.
struct DecodingSocket: Sendable {
  /// Why a message did not arrive.
  enum Failure: Error {
    /// The time was up.
    case late
    /// The other side is gone, or said what makes no sense.
    case closed
  }

  let descriptor: Int32

  /// Sends a message.
  ///
  /// - Parameter deadline: in `seconds()`, nil waits as long as it takes.
  func send(_ message: [UInt8], until deadline: Double?) throws(Failure) {
    var writer = MessageWriter()
    writer.put(message)
    let bytes = writer.bytes
    var done = 0
    while done < bytes.count {
      try wait(for: POLLOUT, until: deadline)
      let count = unsafe bytes.withUnsafeBytes { bytes in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
        return unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .closed }
      done += count
    }
  }

  /// The next message, of at most so many bytes.
  func receive(upTo limit: Int, until deadline: Double?) throws(Failure) -> [UInt8] {
    var reader = MessageReader(try receive(8, until: deadline))
    guard let count = try? reader.integer(), (0...limit).contains(count) else { throw .closed }
    return try receive(count, until: deadline)
  }

  private func receive(_ count: Int, until deadline: Double?) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      try wait(for: POLLIN, until: deadline)
      let found = unsafe bytes.withUnsafeMutableBytes { bytes in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
        return unsafe recv(descriptor, rest.baseAddress, rest.count, 0)
      }
      if found < 0, errno == EINTR { continue }
      guard found > 0 else { throw .closed }
      done += found
    }
    return bytes
  }

  private func wait(for event: Int32, until deadline: Double?) throws(Failure) {
    while let deadline {
      let left = deadline - Self.seconds()
      guard left > 0 else { throw .late }
      var awaited = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      let status = unsafe poll(&awaited, 1, Int32(left * 1000) + 1)
      if status > 0 { return }
      guard status == 0 || errno == EINTR else { throw .closed }
    }
  }

  /// Seconds of a clock that nobody sets.
  static func seconds() -> Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
