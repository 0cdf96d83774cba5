import Tensors

/// Memory of this process, as the system accounts it.
public enum ProcessMemory {
  /// Largest resident size so far, in bytes.
  ///
  /// The mark of this program's own address space: what `getrusage` tells is handed down from the process that started it.
  public static var peakByteCount: Int {
    SystemMemory.text(of: "/proc/self/status").flatMap { SystemMemory.kibibytes("VmHWM", in: $0) } ?? 0
  }
}
