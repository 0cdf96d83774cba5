import Glibc

/// Memory that the system, or the control group that this process runs in, still has to give.
package enum SystemMemory {
  /// Bytes that can be used without swapping; `Int.addressable` where the system does not say.
  ///
  /// The least of what the machine has and of what each control group above this process allows.
  package static var availableByteCount: Int {
    let machine = text(of: "/proc/meminfo").flatMap { kibibytes("MemAvailable", in: $0) }
    let groups = ControlGroup.all(listedIn: text(of: "/proc/self/cgroup") ?? "").compactMap { group in
      remaining(
        limit: text(of: group.limitFile), used: text(of: group.usageFile),
        statistics: text(of: group.statisticsFile))
    }
    return ([machine ?? .addressable] + groups).min() ?? .addressable
  }

  /// Bytes of the line `key: N kB` of a file such as /proc/meminfo or /proc/self/status; nil where there is none.
  package static func kibibytes(_ key: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix(key + ":") {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count > 1, let number = Int(words[1]), number >= 0 else { return nil }
      return Int.boundedProduct(number, 1024)
    }
    return nil
  }

  /// What a control group still gives, from the text of its files; nil where it has no limit.
  ///
  /// Pages of files that nobody has used for a while count as used there, but are given up before memory runs out.
  package static func remaining(limit: String?, used: String?, statistics: String?) -> Int? {
    func number(_ text: String?) -> Int? { text.flatMap { Int($0.filter { !$0.isWhitespace }) } }
    guard let limit = number(limit), let used = number(used), limit >= 0, limit < Int.addressable else {
      return nil
    }
    var idle = 0
    for line in (statistics ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, ["inactive_file", "total_inactive_file"].contains(words[0]) {
        idle = max(idle, Int(words[1]) ?? 0)
      }
    }
    return max(limit - max(used - idle, 0), 0)
  }

  /// A small file of the system as text, or nil where it can't be read.
  package static func text(of path: String) -> String? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    // Files of the system tell no size.
    while bytes.count < 1 << 20 {
      let count = unsafe part.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      bytes += part.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A control group of the system that may limit memory, version 1 or 2.
private struct ControlGroup {
  let folder: String
  let isUnified: Bool

  var limitFile: String { folder + (isUnified ? "/memory.max" : "/memory.limit_in_bytes") }
  var usageFile: String { folder + (isUnified ? "/memory.current" : "/memory.usage_in_bytes") }
  var statisticsFile: String { folder + "/memory.stat" }

  /// The groups that lines such as `0::/user/job` name, and those above them.
  static func all(listedIn text: String) -> [ControlGroup] {
    var groups: [ControlGroup] = []
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isUnified = parts[0] == "0"
      guard isUnified || parts[1].split(separator: ",").contains("memory") else { continue }
      var names = parts[2].split(separator: "/")
      while true {
        let path = names.map { "/" + $0 }.joined()
        groups.append(
          ControlGroup(folder: "/sys/fs/cgroup" + (isUnified ? "" : "/memory") + path, isUnified: isUnified))
        guard names.popLast() != nil else { break }
      }
    }
    return groups
  }
}
