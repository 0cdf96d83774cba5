import Glibc

/// How pixels between pixels are found; the filters of Pillow.
public enum Interpolation: String, Sendable, CaseIterable {
  /// The pixel in whose area the middle of the new one falls; nothing is averaged.
  case nearest
  /// Triangle filter, two pixels wide on each side when shrinking by two, and so on.
  case bilinear
  /// Cubic convolution with a = −0.5 (Keys 1981).
  case bicubic
  /// The middle lobes of sinc, three on each side, weighted by a wider sinc.
  case lanczos
  /// The mean over the area of the new pixel.
  case box
  /// Sinc weighted by a Hamming window, as wide as `bilinear` and sharper.
  case hamming

  /// The names that the command line takes, in one line.
  package static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// Half the filter's width at scale 1.
  var support: Double {
    switch self {
    case .nearest: 0
    case .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The filter at a distance from its centre.
  func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    // Of two pixels that touch the edge of the area, the right one counts.
    case .nearest, .box: return distance > -0.5 && distance <= 0.5 ? 1 : 0
    case .bilinear: return x < 1 ? 1 - x : 0
    case .hamming:
      if x == 0 { return 1 }
      let angle = x * Double.pi
      return x < 1 ? sin(angle) / angle * (0.54 + 0.46 * cos(angle)) : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    case .lanczos:
      return distance >= -3 && distance < 3 ? Self.sinc(distance) * Self.sinc(distance / 3) : 0
    }
  }

  private static func sinc(_ x: Double) -> Double {
    let angle = x * Double.pi
    return x == 0 ? 1 : sin(angle) / angle
  }
}
