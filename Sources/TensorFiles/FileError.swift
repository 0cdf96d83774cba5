import Glibc
package import Tensors

/// Why a file of tensors cannot be read or written.
package struct FileError: ReportableError, Equatable {
  package let failureCode: FailureCode
  package let message: String
  package let file: String?
  package let tensor: String?
  package let hint: String?

  package init(
    _ failureCode: FailureCode, _ message: String, file: String, tensor: String? = nil, hint: String? = nil
  ) {
    self.failureCode = failureCode
    self.message = message
    self.file = file
    self.tensor = tensor
    self.hint = hint
  }

  /// Content that is wrong: `'<file>': <reason>`.
  package static func bad(_ file: String, _ reason: String, tensor: String? = nil) -> Self {
    Self(.badData, "'\(file)': \(reason)", file: file, tensor: tensor)
  }

  /// A file that cannot be opened.
  package static func unreadable(_ error: MemoryMapError) -> Self {
    Self(.missingInput, "'\(error.path)': \(error.reason)", file: error.path)
  }

  /// A file that cannot be written, with the system's reason.
  package static func unwritable(_ file: String, number: Int32) -> Self {
    let hint: String? =
      switch number {
      case ENOSPC, EDQUOT: "free some space or write to another disk; nothing that was there is lost"
      case EFBIG: "raise the limit on the size of files (ulimit -f); nothing that was there is lost"
      default: nil
      }
    let reason = number == EFBIG ? "it would be larger than the file size limit" : systemReason(number)
    return Self(
      number == ENOENT ? .missingInput : .workFailed, "'\(file)' cannot be written: \(reason)", file: file,
      hint: hint)
  }
}

/// The system's words for an error number.
private func systemReason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
