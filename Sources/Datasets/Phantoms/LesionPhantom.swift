import Glibc
import Tensors

/// Phantoms that look like B-mode breast ultrasound: normal tissue, a smooth oval lesion, an irregular one.
///
/// Tissue is a map of echo strengths in decibel: skin, fat, gland and muscle with wavy borders, ligaments, a loss with depth.
/// The image is the envelope of complex white noise of that strength blurred by an anisotropic point spread function (fully
/// developed speckle), log-compressed. Each cue (shape, edge, shadow or enhancement, contrast) overlaps between the classes.
struct LesionPhantom {
  let side: Int
  /// Echo strength in decibel.
  private var strength: Field
  /// 0 background, 1 smooth lesion, 2 irregular lesion.
  private(set) var mask: [UInt8]

  static let classNames = ["benign", "malignant", "normal"]

  /// The phantom of a class drawn from `random`, and its 8-bit picture.
  static func draw(label: Int, side: Int, random: inout Random) -> (picture: Field, mask: [UInt8]) {
    var phantom = LesionPhantom(side: side)
    phantom.addTissue(&random)
    switch label {
    case 0: phantom.addSmoothLesion(&random)
    case 1: phantom.addIrregularLesion(&random)
    default: phantom.addDistractors(&random)
    }
    return (phantom.picture(&random), phantom.mask)
  }

  private init(side: Int) {
    self.side = side
    strength = Field(width: side, height: side)
    mask = [UInt8](repeating: 0, count: side * side)
  }

  /// Length of a pixel of a 128-pixel image, whatever the resolution.
  private let unit: Float = 1 / 128

  private mutating func addTissue(_ random: inout Random) {
    let pixels = Float(side) / 128
    let borders = (0..<2).map { layer in
      let depth = layer == 0 ? random.number(0.12...0.32) : random.number(0.66...0.9)
      let waves = (1...3).map { count in
        (Float(count) * random.number(2...5), random.number(0...0.03) / Float(count), random.number(0...6.28))
      }
      return { (x: Float) in waves.reduce(depth) { $0 + $1.1 * sin($1.0 * x + $1.2) } }
    }
    let levels = (
      fat: random.number(-7...(-2)), gland: random.number(-1...4), muscle: random.number(-10...(-3))
    )
    let loss = random.number(4...14)
    let skin = random.number(0.02...0.05)
    let lumps = Field.smoothNoise(width: side, height: side, 7 * pixels, 4 * pixels, random: &random)
    let streaks = Field.smoothNoise(width: side, height: side, 14 * pixels, 1 * pixels, random: &random)
    let (lumpiness, streakiness) = (random.number(1...2.6), random.number(0.5...2))
    var position = 0
    strength.change { x, y, value in
      let (first, second) = (borders[0](x), borders[1](x))
      let depthInGland = 1 / (1 + exp((first - y) / 0.008)),
        depthInMuscle = 1 / (1 + exp((second - y) / 0.01))
      value =
        levels.fat + (levels.gland - levels.fat) * depthInGland + (levels.muscle - levels.gland)
        * depthInMuscle
      value +=
        lumpiness * lumps.values[position] + streakiness * (0.4 + depthInMuscle) * streaks.values[position]
      value += y < skin ? 12 : 0
      // Fascia shine where layers meet.
      value += 6 * exp(-(y - first) * (y - first) / 0.00012) + 5 * exp(-(y - second) * (y - second) / 0.00012)
      value -= loss * y
      position += 1
    }
    for _ in 0...random.integer(below: 5) { addLigament(&random) }
  }

  /// A bright curved line through the upper tissue.
  private mutating func addLigament(_ random: inout Random) {
    let (x0, slope, bend) = (random.number(0...1), random.number(-0.9...0.9), random.number(-1.5...1.5))
    let (top, bottom) = (random.number(0.05...0.3), random.number(0.35...0.75))
    let (gain, width) = (random.number(3...9), random.number(0.8...1.8) * unit)
    strength.change { x, y, value in
      guard y > top, y < bottom else { return }
      let offset = x - x0 - slope * (y - top) - bend * (y - top) * (y - top)
      value += gain * exp(-offset * offset / (2 * width * width))
    }
  }

  private mutating func addSmoothLesion(_ random: inout Random) {
    let size = random.number(0.08...0.2)
    var outline = Outline(
      center: (random.number(0.28...0.72), random.number(0.32...0.62)),
      axes: (size * random.number(0.95...1.5), size * random.number(0.65...1.05)),
      tilt: random.number(-0.4...0.4))
    outline.addWaves(2...4, height: 0...0.05, random: &random)
    let rim = random.chance(0.5) ? random.number(1...5) : 0
    darken(
      outline, contrast: random.number(5...16), softness: random.number(0.6...1.8) * unit, rim: rim,
      texture: random.number(0.5...2), &random)
    changeBehind(outline, by: random.chance(0.6) ? random.number(1...7) : random.number(-7...1), &random)
    if random.chance(0.15) { addCalcifications(outline, &random) }
    fillMask(outline, with: 1)
  }

  private mutating func addIrregularLesion(_ random: inout Random) {
    let size = random.number(0.07...0.18)
    var outline = Outline(
      center: (random.number(0.28...0.72), random.number(0.32...0.6)),
      axes: (size * random.number(0.75...1.2), size * random.number(0.85...1.35)),
      tilt: random.number(-0.6...0.6))
    outline.addWaves(3...5, height: 0.02...0.12, random: &random)
    outline.addWaves(6...10, height: 0.01...0.07, random: &random)
    darken(
      outline, contrast: random.number(5...15), softness: random.number(1...3.2) * unit,
      rim: random.chance(0.5) ? random.number(1...4) : 0, texture: random.number(1...3), &random)
    addSpicules(outline, size: size, &random)
    changeBehind(
      outline, by: random.chance(0.65) ? random.number(-14...(-3)) : random.number(-3...4), &random)
    if random.chance(0.35) { addCalcifications(outline, &random) }
    fillMask(outline, with: 2)
  }

  /// What can be mistaken for a lesion in normal tissue: fat lobules and lost contact.
  private mutating func addDistractors(_ random: inout Random) {
    for _ in 0..<random.integer(below: 3) {
      let size = random.number(0.05...0.13)
      var outline = Outline(
        center: (random.number(0.1...0.9), random.number(0.15...0.7)),
        axes: (size * random.number(1.2...2.4), size * random.number(0.5...0.9)),
        tilt: random.number(-0.4...0.4))
      outline.addWaves(2...4, height: 0...0.1, random: &random)
      darken(
        outline, contrast: random.number(3...10), softness: random.number(1.5...5) * unit,
        rim: random.number(0...3), texture: random.number(1...2), &random)
    }
    if random.chance(0.35) {
      let column = Outline(
        center: (random.number(0.1...0.9), random.number(0...0.3)), axes: (0.06, 0.02), tilt: 0)
      changeBehind(column, by: random.number(-10...(-3)), &random)
    }
  }

  private mutating func darken(
    _ outline: Outline, contrast: Float, softness: Float, rim: Float, texture: Float, _ random: inout Random
  ) {
    let pixels = Float(side) / 128
    let noise = Field.smoothNoise(width: side, height: side, 3 * pixels, 2 * pixels, random: &random)
    var position = 0
    strength.change { x, y, value in
      let inside = outline.coverage(x, y, softness: softness)
      let distance = outline.distance(x, y) / (2.5 * unit)
      value +=
        inside * (texture * noise.values[position] - contrast) + rim * exp(-(distance - 1) * (distance - 1))
      position += 1
    }
  }

  /// Thin lines that leave the outline outwards.
  private mutating func addSpicules(_ outline: Outline, size: Float, _ random: inout Random) {
    for _ in 0..<4 + random.integer(below: 9) {
      let angle = random.number(0...(2 * .pi))
      let (length, width) = (size * random.number(0.9...2), random.number(0.5...1.3) * unit)
      let gain = random.chance(0.7) ? random.number(-9...(-4)) : random.number(3...6)
      let (directionX, directionY) = (cos(angle), sin(angle))
      strength.change { x, y, value in
        let (dx, dy) = (x - outline.center.x, y - outline.center.y)
        let (along, across) = (dx * directionX + dy * directionY, dy * directionX - dx * directionY)
        guard along > 0, along < length else { return }
        let taper = width * (1.6 - along / length)
        value += gain * (1 - along / length * 0.5) * exp(-across * across / (2 * taper * taper))
      }
    }
  }

  /// A shadow (negative) or an enhancement below an outline, fading with depth.
  private mutating func changeBehind(_ outline: Outline, by gain: Float, _ random: inout Random) {
    let (halfWidth, edge) = (outline.axes.x * random.number(0.6...0.95), random.number(0.01...0.035))
    let reach = random.number(0.3...1)
    let start = outline.center.y + outline.axes.y * 0.6
    strength.change { x, y, value in
      guard y > outline.center.y else { return }
      let beside = 1 / (1 + exp((abs(x - outline.center.x) - halfWidth) / edge))
      let below = 1 / (1 + exp((start - y) / 0.02))
      value += gain * beside * below * exp(-max(y - start, 0) / reach)
    }
  }

  private mutating func addCalcifications(_ outline: Outline, _ random: inout Random) {
    for _ in 0..<2 + random.integer(below: 5) {
      let x0 = outline.center.x + outline.axes.x * random.number(-0.7...0.7)
      let y0 = outline.center.y + outline.axes.y * random.number(-0.7...0.7)
      let radius = random.number(0.5...1.1) * unit
      strength.change { x, y, value in
        let square = (x - x0) * (x - x0) + (y - y0) * (y - y0)
        value += 16 * exp(-square / (2 * radius * radius))
      }
    }
  }

  private mutating func fillMask(_ outline: Outline, with value: UInt8) {
    var inside = Field(width: side, height: side)
    inside.change { x, y, pixel in pixel = outline.distance(x, y) < 0 ? 1 : 0 }
    mask = inside.values.map { $0 > 0 ? value : 0 }
  }

  /// The envelope of blurred complex noise, log-compressed.
  private func picture(_ random: inout Random) -> Field {
    let pixels = Float(side) / 128
    let (lateral, axial) = (random.number(0.9...1.5) * pixels, random.number(0.5...0.75) * pixels)
    let amplitude = strength.map { pow(10, $0 / 20) }
    var parts: [Field] = []
    for _ in 0..<2 {
      var noise = Field(noiseOfWidth: side, height: side, random: &random)
      for position in noise.values.indices { noise.values[position] *= amplitude.values[position] }
      parts.append(noise.blurred(lateral, axial))
    }
    let (range, floor) = (random.number(44...56), random.number(-42...(-34)))
    var result = Field(width: side, height: side)
    for position in result.values.indices {
      let (real, imaginary) = (parts[0].values[position], parts[1].values[position])
      let level = 10 * log10(real * real + imaginary * imaginary + 1e-9)
      result.values[position] = (level - floor) / range
    }
    // The scanner's own smoothing.
    return result.blurred(0.45 * pixels, 0.45 * pixels)
  }
}
