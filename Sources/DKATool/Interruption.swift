import Glibc
import Synchronization

// A signal handler captures nothing, so what it changes is reachable without a reference. It is the only such variable.
private let requests = Atomic<Int>(0)

/// The wish to stop, expressed by Ctrl-C or `kill`.
///
/// The first signal sets a flag that long work asks for between its steps; the second ends the process at once with 130.
package enum Interruption {
  /// True once a signal has come.
  package static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  /// Takes over SIGINT and SIGTERM, and ignores what writing can raise, so that a closed pipe (SIGPIPE) and a file that grows
  /// beyond the process's limit (SIGXFSZ) are ordinary errors.
  package static func takeOverSignals() {
    // The variable must exist before a handler runs: making it inside one could wait for a lock held below it.
    _ = isRequested
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        if requests.add(1, ordering: .relaxed).oldValue > 0 { _exit(ExitCode.interrupted.rawValue) }
      }
    }
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    // A parent may have started this process from a thread that blocks signals, which is inherited.
    var numbers = sigset_t()
    unsafe sigemptyset(&numbers)
    for number in [SIGINT, SIGTERM] { unsafe sigaddset(&numbers, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  }
}
