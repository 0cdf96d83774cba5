import Glibc
import Tensors

/// What a decoding process does: answers requests on its standard input, a socket, until that is closed.
package enum DecodingService {
  /// The word that `dka` is called with to be one.
  package static let verb = DecodingProcess.verb

  /// Answers until the other side is gone.
  ///
  /// - Returns: whether there was another side; where there is none, a person called.
  package static func run() -> Bool {
    var information = stat()
    guard unsafe fstat(0, &information) == 0, information.st_mode & S_IFMT == S_IFSOCK else { return false }
    // An interruption is for the process that asks, which closes the socket when it is done.
    signal(SIGINT, SIG_IGN)
    // What the process that asks had open is not for decoders.
    for descriptor: Int32 in 3..<1024 { close(descriptor) }
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    let socket = DecodingSocket(descriptor: 0)
    while let request = try? socket.receive(upTo: 1 << 20, until: nil) {
      guard (try? socket.send(reply(to: request).bytes, until: nil)) != nil else { break }
    }
    return true
  }

  static func reply(to bytes: [UInt8]) -> DecodingReply {
    guard let request = try? DecodingRequest(bytes) else {
      return .refusal(CodecError(reason: "a request that is none"))
    }
    let formats = ImageFormats.standard
    do {
      let storage = try MemoryMap.file(at: request.path)
      defer { withExtendedLifetime(storage) {} }
      let bytes = unsafe UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
      let content = unsafe bytes.bindMemory(to: UInt8.self).span
      limitMemory(to: try formats.format(of: content).memoryLimit(fileSize: content.count))
      switch request.subject {
      case .contents: return .contents(try formats.contents(of: content, path: request.path))
      case .image:
        return .image(
          try formats.decode(frame: request.frame, request.reading, of: content, path: request.path))
      case .values:
        return .values(
          try formats.values(frame: request.frame, request.reading, of: content, path: request.path))
      }
    } catch let error as CodecError {
      return .refusal(error)
    } catch let error as MemoryMapError {
      return .refusal(CodecError(reason: "cannot be read: \(error.reason)"))
    } catch {
      return .refusal(CodecError(reason: "\(error)"))
    }
  }

  /// Lets this process take so many bytes more than it has.
  private static func limitMemory(to count: Int) {
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    limit.rlim_cur = min(rlim_t(addressSpace() + count), limit.rlim_max)
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }

  /// Bytes of address space that this process has.
  private static func addressSpace() -> Int {
    let pages = SystemMemory.text(of: "/proc/self/statm").flatMap { $0.split(separator: " ").first }
    return (pages.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
  }
}
