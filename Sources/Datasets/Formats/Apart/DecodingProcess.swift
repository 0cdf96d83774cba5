import Glibc
import Synchronization

/// A process that decodes images for this one: what a damaged file does to a decoder, it does there.
///
/// It works for one thread at a time, keeps the file it read last, and ends with the socket that joins the two.
struct DecodingProcess: Sendable {
  /// Why a process gave no answer.
  enum Failure: Error {
    /// It could not be started.
    case unstarted(String)
    /// It took longer than `timeLimit`.
    case late
    /// It ended, or answered nonsense.
    case ended
  }

  /// Seconds after which a file is given up.
  static let timeLimit = 60
  /// The word that makes `dka` such a process.
  static let verb = "decoding-process"
  /// Bytes of a reply that are believed.
  private static let replyLimit = 1 << 34

  private let socket: DecodingSocket
  private let identifier: pid_t

  /// Starts a process of a program that runs `DecodingService` when it is called with `verb` alone.
  init(program: String) throws(Failure) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw .unstarted(unsafe String(cString: strerror(errno)))
    }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
    // What decoders print about damaged files is no output of ours.
    for stream: Int32 in [1, 2] {
      unsafe posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0)
    }
    var words: [UnsafeMutablePointer<CChar>?] = unsafe [strdup(program), strdup(Self.verb), nil]
    // Threads of libraries that it does not use, and reports of crashes that are expected here.
    var settings = unsafe Self.environment(with: ["OPENBLAS_NUM_THREADS=1", "SWIFT_BACKTRACE=enable=no"])
    defer { unsafe (words + settings).forEach { unsafe free($0) } }
    var process: pid_t = 0
    let status = unsafe posix_spawn(&process, program, &actions, nil, &words, &settings)
    close(ends[1])
    guard status == 0 else {
      close(ends[0])
      throw .unstarted(unsafe String(cString: strerror(status)))
    }
    (socket, identifier) = (DecodingSocket(descriptor: ends[0]), process)
  }

  private static func environment(with settings: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var result: [UnsafeMutablePointer<CChar>?] = unsafe settings.map { unsafe strdup($0) }
    var next = unsafe environ
    while let text = unsafe next.pointee {
      unsafe result.append(strdup(text))
      unsafe next += 1
    }
    unsafe result.append(nil)
    return unsafe result
  }

  /// Asks, and waits for the answer.
  ///
  /// After a failure the process is of no use any more and must be ended.
  func answer(to request: DecodingRequest) throws(Failure) -> DecodingReply {
    do {
      let deadline = DecodingSocket.seconds() + Double(Self.timeLimit)
      try socket.send(request.bytes, until: deadline)
      return try DecodingReply(try socket.receive(upTo: Self.replyLimit, until: deadline))
    } catch DecodingSocket.Failure.late {
      throw .late
    } catch { throw .ended }
  }

  /// Stops the process, whatever it does, and gives the status it ended with.
  @discardableResult
  func end() -> Int32 {
    close(socket.descriptor)
    kill(identifier, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

/// The processes that decode images for this one, as many as threads ask at a time.
public final class DecodingProcesses: Sendable {
  /// Those of this program.
  public static let shared = DecodingProcesses()

  private struct Idle {
    let process: DecodingProcess
    /// The file that it read last.
    let path: String
  }

  private struct State {
    var program: String?
    var idle: [Idle] = []
  }

  private let state = Mutex(State())
  private static let idleLimit = 16

  /// Processes of a program, for one who does not want those of all.
  package init(program: String? = nil) { state.withLock { $0.program = program } }

  /// Has DICOM, NIfTI, TIFF and BMP files decoded by processes of the program `dka` at this path; nil decodes them in this process.
  ///
  /// `dka` itself sets its own path. A program that uses the library may set that of an installed `dka`, so that a damaged file cannot
  /// bring it down.
  public func use(program: String?) {
    let idle = state.withLock { state in
      defer { state = State(program: program) }
      return state.idle
    }
    for one in idle { one.process.end() }
  }

  /// What a process answers; nil where no program was named.
  ///
  /// - Throws: why there is no answer.
  package func answer(to request: DecodingRequest) throws(CodecError) -> DecodingReply? {
    let (program, idle) = state.withLock { state -> (String?, Idle?) in
      let same = state.idle.lastIndex { $0.path == request.path } ?? state.idle.indices.last
      return (state.program, same.map { state.idle.remove(at: $0) })
    }
    guard let program else { return nil }
    if let idle {
      // What a process did for other files is no reason to give this one up.
      do throws(DecodingProcess.Failure) { return try answer(of: idle.process, to: request, program) } catch {
        let status = idle.process.end()
        if case .late = error { throw Self.reason(of: error, status) }
      }
    }
    let process: DecodingProcess
    do throws(DecodingProcess.Failure) { process = try DecodingProcess(program: program) } catch {
      throw Self.reason(of: error, 0)
    }
    do throws(DecodingProcess.Failure) { return try answer(of: process, to: request, program) } catch {
      throw Self.reason(of: error, process.end())
    }
  }

  private func answer(of process: DecodingProcess, to request: DecodingRequest, _ program: String)
    throws(DecodingProcess.Failure) -> DecodingReply
  {
    let reply = try process.answer(to: request)
    let isKept = state.withLock { state in
      guard state.program == program, state.idle.count < Self.idleLimit else { return false }
      state.idle.append(Idle(process: process, path: request.path))
      return true
    }
    if !isKept { process.end() }
    return reply
  }

  private static func reason(of failure: DecodingProcess.Failure, _ status: Int32) -> CodecError {
    switch failure {
    case .unstarted(let reason): return CodecError(reason: "no process to decode it in: \(reason)")
    case .late: return CodecError(reason: "decoding took more than \(DecodingProcess.timeLimit) s")
    case .ended:
      let signal = status & 0x7F
      let how = signal == 0 ? "" : " (signal \(signal), \(unsafe String(cString: strsignal(signal))))"
      return CodecError(reason: "the decoder broke down over it\(how); the file is damaged or too large")
    }
  }
}
