import Glibc

/// Memory of this process, as the system accounts it.
public enum ProcessMemory {
  /// Largest resident size so far, in bytes.
  public static var peakByteCount: Int {
    var usage = rusage()
    guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return Int(usage.ru_maxrss) * 1024
  }
}
