/// Numbers as people read them.
package enum Quantities {
  /// A count with separated thousands: `1,234,567`.
  package static func count(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var result = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { result += "," }
      result.append(digit)
    }
    return result
  }

  /// A number with a fixed count of decimals, halves rounded away from zero: `87.50`.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    guard value.isFinite, let scaled = Int(exactly: (value * scale).rounded()), scaled.magnitude < 1 << 53
    else {
      return value.description
    }
    let digits = String(scaled.magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = scaled < 0 ? "-" : ""
    return decimals == 0 ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// A share between 0 and 1: `87.5 %`.
  package static func percent(_ share: Double) -> String { fixed(share * 100, 1) + " %" }

  /// A size: `512 B`, `1.4 GiB`.
  package static func bytes(_ value: Int) -> String {
    var scaled = Double(value)
    var units = ["B", "KiB", "MiB", "GiB", "TiB"][...]
    while scaled.magnitude >= 1024, units.count > 1 {
      scaled /= 1024
      units.removeFirst()
    }
    return (units.first == "B" ? String(value) : fixed(scaled, scaled.magnitude < 100 ? 1 : 0)) + " "
      + (units.first ?? "")
  }

  /// So many a second, to three digits from a hundred on: `4.3`, `118`, `402,000`.
  package static func rate(_ value: Double) -> String {
    guard value.isFinite, value >= 99.95, value < 1e15 else { return fixed(value, 1) }
    var step = 1
    while value / Double(step) >= 999.5 { step *= 10 }
    return count(Int((value / Double(step)).rounded()) * step)
  }

  /// A duration: `under 1 ms`, `12.5 ms`, `8.25 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`.
  package static func seconds(_ value: Double) -> String {
    guard value.isFinite, value >= 0, value < 1e12 else { return value.description + " s" }
    switch value {
    case ..<0.001: return "under 1 ms"
    case ..<1: return fixed(value * 1e3, 1) + " ms"
    case ..<59.995: return fixed(value, 2) + " s"
    default:
      let whole = Int(value.rounded())
      if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
      if whole < 86_400 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
      return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
  }
}
