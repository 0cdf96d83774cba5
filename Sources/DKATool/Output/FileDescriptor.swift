import Glibc
package import Tensors

/// Takes text; the console writes through two of them.
package protocol TextSink: Sendable {
  func write(_ text: String) throws(OutputError)
}

/// Text could not be written.
package struct OutputError: ReportableError {
  package let message: String
  /// True when nobody reads the other end of a pipe any more, which is no mistake.
  package let isClosedPipe: Bool

  package var failureCode: FailureCode { .workFailed }
}

/// A file that the command line names could not be read.
package struct InputError: ReportableError {
  package let message: String
  package let file: String?
  package let failureCode: FailureCode
}

/// An open file of the process, written without a buffer, so that each line is there at once.
package struct FileDescriptor: TextSink {
  package let number: Int32
  package let name: String

  package static let standardOutput = FileDescriptor(number: STDOUT_FILENO, name: "standard output")
  package static let standardError = FileDescriptor(number: STDERR_FILENO, name: "standard error")

  package init(number: Int32, name: String) {
    (self.number, self.name) = (number, name)
  }

  package func write(_ text: String) throws(OutputError) {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      // The pointer stays inside the closure and the count inside the array.
      let written = unsafe bytes[start...].withUnsafeBytes {
        unsafe Glibc.write(number, $0.baseAddress, $0.count)
      }
      if written >= 0 {
        start += written
      } else if errno == EAGAIN {
        var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&request, 1, 1000)
      } else if errno != EINTR {
        throw OutputError(message: "\(name): cannot write: \(systemMessage())", isClosedPipe: errno == EPIPE)
      }
    }
  }

  /// True when a person looks at it.
  package var isTerminal: Bool { isatty(number) == 1 }

  /// The columns of the terminal behind it.
  package var terminalWidth: Int? {
    var size = winsize()
    guard unsafe ioctl(number, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Occupies the three standard descriptors where the caller closed them, so that no model file gets their number.
  ///
  /// What is opened there cannot be written, hence a closed standard output is an error and not silence.
  package static func reserveStandardOnes() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
      _ = unsafe open("/dev/null", O_RDONLY)
    }
  }

  /// The bytes of a whole file of at most `limit` bytes.
  package static func content(of path: String, limit: Int) throws(InputError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw InputError(
        message: "'\(path)': cannot open: \(systemMessage())", file: path, failureCode: .missingInput)
    }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // The count given is the array's own.
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw InputError(
          message: "'\(path)': cannot read: \(systemMessage())", file: path, failureCode: .missingInput)
      }
      if count == 0 { return content }
      content += chunk[..<count]
      guard content.count <= limit else {
        throw InputError(
          message: "'\(path)': more than the \(limit) bytes accepted here", file: path, failureCode: .badData)
      }
    }
  }
}

/// What the system says about the last failed call, in lower case.
private func systemMessage() -> String {
  // The text is copied before anything else can ask for one.
  let text = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
  return text.prefix(1).lowercased() + text.dropFirst()
}
