import Glibc
import Tensors

/// A closed curve around a centre: an ellipse whose radius waves with the angle.
struct Outline {
  /// Centre, in image widths and heights.
  var center: (x: Float, y: Float)
  /// Half axes.
  var axes: (x: Float, y: Float)
  /// Turn in radians.
  var tilt: Float
  /// Waves of the radius: how many around, how high in parts of the radius, where they begin.
  var waves: [(count: Int, height: Float, phase: Float)] = []

  /// Adds waves of the given counts with random phases.
  mutating func addWaves(_ counts: ClosedRange<Int>, height: ClosedRange<Float>, random: inout Random) {
    for count in counts {
      waves.append((count, random.number(height), random.number(0...(2 * .pi))))
    }
  }

  /// Distance from the curve in image widths, measured along the ray from the centre; negative inside.
  func distance(_ x: Float, _ y: Float) -> Float {
    let (dx, dy) = (x - center.x, y - center.y)
    let (u, v) = (dx * cos(tilt) + dy * sin(tilt), dy * cos(tilt) - dx * sin(tilt))
    let radius = (dx * dx + dy * dy).squareRoot()
    let relative = ((u / axes.x) * (u / axes.x) + (v / axes.y) * (v / axes.y)).squareRoot()
    guard relative > 1e-6 else { return -min(axes.x, axes.y) }
    let angle = atan2(v / axes.y, u / axes.x)
    let wave = waves.reduce(Float(1)) { $0 + $1.height * cos(Float($1.count) * angle + $1.phase) }
    return radius - radius / relative * wave
  }

  /// 1 well inside, 0 well outside, with a soft edge of the given width.
  func coverage(_ x: Float, _ y: Float, softness: Float) -> Float {
    1 / (1 + exp(distance(x, y) / max(softness, 1e-4)))
  }
}
