import Glibc
import Tensors

/// Phantoms of simple shapes and stripes under multiplicative noise: a task to pretrain on that is not the lesion task.
///
/// Brightness b(x, y) of a class's pattern, times the mean of a few squared Gaussian fields (multi-look intensity speckle,
/// isotropic, no log compression). Position, size, direction, contrast and polarity are random.
enum TexturePhantom {
  static let classNames = ["bars", "blobs", "columns", "discs", "grid", "layers", "rings", "stars"]

  /// The pattern of a class drawn from `random`, and the pixels of its shapes.
  static func draw(label: Int, side: Int, random: inout Random) -> (picture: Field, mask: [UInt8]) {
    let pattern = pattern(label, side, &random)
    let mask = pattern.values.map { UInt8($0 > 0.5 ? 1 : 0) }
    let background = random.number(0.2...0.5)
    let contrast = random.number(0.12...0.4) * (random.chance(0.5) ? 1 : -1)
    let pixels = Float(side) / 128
    let shading = Field.smoothNoise(width: side, height: side, 25 * pixels, 25 * pixels, random: &random)
    let looks = 1 + random.integer(below: 4)
    let grain = random.number(0.5...1.2) * pixels
    var speckle = Field(width: side, height: side)
    for _ in 0..<looks {
      let noise = Field.smoothNoise(width: side, height: side, grain, grain, random: &random)
      for position in speckle.values.indices {
        speckle.values[position] += noise.values[position] * noise.values[position] / Float(looks)
      }
    }
    var picture = Field(width: side, height: side)
    for position in picture.values.indices {
      let brightness = background + contrast * pattern.values[position] + 0.05 * shading.values[position]
      picture.values[position] = max(brightness, 0.02) * speckle.values[position].squareRoot()
    }
    return (picture, mask)
  }

  /// 1 on the pattern, 0 beside it.
  private static func pattern(_ label: Int, _ side: Int, _ random: inout Random) -> Field {
    switch classNames[label] {
    case "layers": stripes(side, around: 0, &random)
    case "columns": stripes(side, around: .pi / 2, &random)
    case "grid": grid(side, &random)
    case "bars": bars(side, &random)
    case "blobs": blobs(side, &random)
    case "discs": shapes(side, waves: 0, isHollow: false, &random)
    case "rings": shapes(side, waves: 0, isHollow: true, &random)
    default: shapes(side, waves: 5 + random.integer(below: 4), isHollow: false, &random)
    }
  }

  private static func stripes(_ side: Int, around angle: Float, _ random: inout Random) -> Field {
    let turn = angle + random.number(-0.45...0.45)
    let (frequency, phase, bend) = (random.number(3...10), random.number(0...6.28), random.number(0...0.04))
    let bendFrequency = random.number(3...9)
    var field = Field(width: side, height: side)
    field.change { x, y, value in
      let (across, along) = (y * cos(turn) - x * sin(turn), x * cos(turn) + y * sin(turn))
      let wave = sin(2 * .pi * frequency * (across + bend * sin(bendFrequency * along)) + phase)
      value = 1 / (1 + exp(-4 * wave))
    }
    return field
  }

  private static func grid(_ side: Int, _ random: inout Random) -> Field {
    let (spacing, radius) = (random.number(0.09...0.2), random.number(0.018...0.03))
    let (turn, x0, y0) = (random.number(0...1.57), random.number(0...1), random.number(0...1))
    var field = Field(width: side, height: side)
    field.change { x, y, value in
      let (u, v) = ((x - x0) * cos(turn) + (y - y0) * sin(turn), (y - y0) * cos(turn) - (x - x0) * sin(turn))
      let (du, dv) = (u - (u / spacing).rounded() * spacing, v - (v / spacing).rounded() * spacing)
      value = exp(-(du * du + dv * dv) / (radius * radius))
    }
    return field
  }

  private static func bars(_ side: Int, _ random: inout Random) -> Field {
    var field = Field(width: side, height: side)
    for _ in 0..<4 + random.integer(below: 8) {
      let (x0, y0, turn) = (random.number(0.1...0.9), random.number(0.1...0.9), random.number(0...3.14))
      let (length, width) = (random.number(0.06...0.18), random.number(0.008...0.02))
      field.change { x, y, value in
        let (u, v) = (
          (x - x0) * cos(turn) + (y - y0) * sin(turn), (y - y0) * cos(turn) - (x - x0) * sin(turn)
        )
        let end = max(abs(u) - length, 0)
        value = max(value, exp(-(v * v + end * end) / (width * width)))
      }
    }
    return field
  }

  private static func blobs(_ side: Int, _ random: inout Random) -> Field {
    let scale = random.number(3...9) * Float(side) / 128
    let noise = Field.smoothNoise(width: side, height: side, scale, scale, random: &random)
    return noise.map { 1 / (1 + exp(-5 * ($0 - 0.4))) }
  }

  private static func shapes(_ side: Int, waves: Int, isHollow: Bool, _ random: inout Random) -> Field {
    var field = Field(width: side, height: side)
    for _ in 0...random.integer(below: 3) {
      let size = random.number(0.09...0.24)
      var outline = Outline(
        center: (random.number(0.2...0.8), random.number(0.2...0.8)),
        axes: (size * random.number(0.8...1.25), size * random.number(0.8...1.25)),
        tilt: random.number(0...3.14))
      if waves > 0 { outline.addWaves(waves...waves, height: 0.22...0.4, random: &random) }
      let thickness = random.number(0.02...0.045)
      field.change { x, y, value in
        let distance = isHollow ? abs(outline.distance(x, y)) - thickness : outline.distance(x, y)
        value = max(value, 1 / (1 + exp(distance / 0.008)))
      }
    }
    return field
  }
}
