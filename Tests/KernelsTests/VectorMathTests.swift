import Foundation
import Kernels
import Testing

@Suite struct VectorMathTests {
  private typealias Function = VectorMath.Function

  private static func exact(_ function: VectorMath.Function, _ x: Double) -> Double {
    switch function {
    case .exp: exp(x)
    case .erf: erf(x)
    case .tanh: tanh(x)
    case .sigmoid: 1 / (1 + exp(-x))
    case .gelu: ReferenceProduct.gelu(x)
    case .geluTanh: x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .relu: max(x, 0)
    }
  }

  /// Numbers of every size from 1e-8 to 90 of both signs, zero, and a fine grid from −6 to 6.
  private static let samples: [Float] =
    (0...6000).map { Float($0 - 3000) / 500 }
    + (0...3000).flatMap { index in
      let x = Float(pow(10, -8 + Double(index) / 3000 * 9.954))
      return [x, -x]
    } + [0, -0.0]

  private static func apply(_ function: VectorMath.Function, _ x: [Float], _ options: KernelOptions)
    -> [Float]
  {
    let (input, output) = (AlignedBuffer<Float>(x.count) { x[$0] }, AlignedBuffer<Float>(x.count))
    unsafe VectorMath.apply(
      function, input.reading, into: output.pointer, count: x.count, options: options)
    return output.values
  }

  @Test(arguments: Processor.availableLevels())
  func `exp, erf, tanh and sigmoid stay within their documented distance`(level: Processor.Level) {
    let options = KernelOptions(threads: 1, level: level)
    for (function, limit) in [(Function.exp, 1.5), (.erf, 3), (.tanh, 3), (.sigmoid, 3)] {
      let results = Self.apply(function, Self.samples, options)
      let worst = zip(Self.samples, results).map { x, y -> (Double, Float) in
        let exact = Self.exact(function, Double(x))
        // Results below the normal numbers are 0, those above the largest are infinite.
        guard abs(exact) >= Double(Float.leastNormalMagnitude) * 1.001 else {
          return (abs(Double(y)) < 2e-38 ? 0 : 9, x)
        }
        guard exact < Double(Float.greatestFiniteMagnitude) * 0.9999 else { return (y > 3e38 ? 0 : 9, x) }
        return (ulps(y, from: exact), x)
      }.max { $0.0 < $1.0 }
      #expect((worst?.0 ?? 9) <= limit, "\(function) is off by \(worst.map { "\($0)" } ?? "")")
    }
  }

  @Test(arguments: Processor.availableLevels())
  func `both forms of GELU stay within 2e-7, or 2e-7 of the value above 1`(level: Processor.Level) {
    let options = KernelOptions(threads: 1, level: level)
    for function in [Function.gelu, .geluTanh] {
      let results = Self.apply(function, Self.samples, options)
      let wrong = zip(Self.samples, results).first { x, y in
        let exact = Self.exact(function, Double(x))
        return !(abs(Double(y) - exact) <= 2e-7 * max(1, abs(exact)))
      }
      #expect(wrong == nil, "\(function)")
    }
  }

  @Test(arguments: Processor.availableLevels())
  func `special numbers give what the functions say`(level: Processor.Level) {
    let options = KernelOptions(threads: 1, level: level)
    let special: [Float] = [-.infinity, .infinity, -1000, 1000]
    #expect(Self.apply(.exp, special, options) == [0, .infinity, 0, .infinity])
    #expect(Self.apply(.erf, special, options) == [-1, 1, -1, 1])
    #expect(Self.apply(.tanh, special, options) == [-1, 1, -1, 1])
    #expect(Self.apply(.sigmoid, special, options) == [0, 1, 0, 1])
    let gelu = Self.apply(.gelu, special, options)
    #expect(abs(gelu[0]) < 1e-30 && gelu[1] == .infinity && abs(gelu[2]) < 1e-30 && gelu[3] == 1000)
    for function in Function.allCases {
      #expect(Self.apply(function, [.nan], options)[0].isNaN, "\(function)")
    }
  }

  @Test(arguments: Processor.availableLevels())
  func `the positive part of -0 is +0`(level: Processor.Level) {
    let options = KernelOptions(threads: 1, level: level)
    #expect(
      Self.apply(.relu, [-0.0, 0, -2, 3], options).map(\.bitPattern) == [0, 0, 0, Float(3).bitPattern])
  }

  @Test(arguments: Processor.availableLevels())
  func `derivatives agree with central differences in Double`(level: Processor.Level) {
    let options = KernelOptions(threads: 1, level: level)
    let x = AlignedBuffer<Float>(997) { Float($0 - 498) / 60 + 0.001 }
    let dy = AlignedBuffer<Float>(997) { Float($0 % 7) - 3 }
    for function in Function.allCases {
      let dx = AlignedBuffer<Float>(x.count)
      unsafe VectorMath.applyGradient(
        function, x.reading, outGradient: dy.reading, into: dx.pointer, count: x.count, options: options)
      let wrong = (0..<x.count).first { index in
        let (at, step) = (Double(x[index]), 1e-5)
        let slope = (Self.exact(function, at + step) - Self.exact(function, at - step)) / (2 * step)
        let expected = slope * Double(dy[index])
        return !(abs(Double(dx[index]) - expected) <= 2e-6 * max(1, abs(expected)))
      }
      #expect(wrong == nil, "\(function)'(\(wrong.map { x[$0] } ?? 0))")
    }
  }

  @Test(arguments: Processor.availableLevels())
  func `an element's bits do not depend on its place or the thread count`(level: Processor.Level) {
    let values = Array(repeating: Self.samples, count: 6).flatMap { $0 }
    for function in Function.allCases {
      let whole = Self.apply(function, values, KernelOptions(threads: 1, level: level))
      let moved = Self.apply(function, Array(values.dropFirst(3)), KernelOptions(threads: 4, level: level))
      #expect(zip(whole.dropFirst(3), moved).allSatisfy { $0.bitPattern == $1.bitPattern }, "\(function)")
    }
  }

  @Test(arguments: Processor.availableLevels(), [1, 5, 8, 37, 197])
  func `softmax and its gradient agree with Double`(level: Processor.Level, columns: Int) {
    var numbers = Numbers(seed: 30)
    let (rows, options) = (5, KernelOptions(threads: 2, level: level))
    let x: AlignedBuffer<Float> = numbers.buffer(rows * columns, scale: 8)
    let dy: AlignedBuffer<Float> = numbers.buffer(rows * columns)
    let (y, dx) = (AlignedBuffer<Float>(rows * columns), AlignedBuffer<Float>(rows * columns))
    unsafe VectorMath.softmax(x.reading, into: y.pointer, rows: rows, columns: columns, options: options)
    unsafe VectorMath.softmaxGradient(
      softmax: y.reading, outGradient: dy.reading, into: dx.pointer, rows: rows, columns: columns,
      options: options)
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      let exponentials = range.map { exp(Double(x[$0])) }
      let sum = exponentials.reduce(0, +)
      let exact = exponentials.map { $0 / sum }
      let mean = zip(range, exact).reduce(0.0) { $0 + Double(dy[$1.0]) * $1.1 }
      for (index, p) in zip(range, exact) {
        // x reaches 8: its difference to the largest is rounded by up to 1e-6.
        #expect(abs(Double(y[index]) - p) <= 1.5e-6 * p + 1e-12)
        #expect(abs(Double(dx[index]) - p * (Double(dy[index]) - mean)) <= 4e-6 * p + 1e-12)
      }
    }
  }

  @Test(arguments: Processor.availableLevels(), [1, 6, 16, 67, 768])
  func `layer normalization and its gradients agree with Double`(level: Processor.Level, columns: Int) {
    var numbers = Numbers(seed: 40)
    let (rows, epsilon, options) = (4, 1e-3, KernelOptions(threads: 2, level: level))
    let x: AlignedBuffer<Float> = numbers.buffer(rows * columns)
    for index in 0..<x.count { x[index] += 10 }
    let dy: AlignedBuffer<Float> = numbers.buffer(rows * columns)
    let scale: AlignedBuffer<Float> = numbers.buffer(columns)
    let bias: AlignedBuffer<Float> = numbers.buffer(columns)
    let (y, dx) = (AlignedBuffer<Float>(x.count), AlignedBuffer<Float>(x.count))
    let (means, inverses) = (AlignedBuffer<Float>(rows), AlignedBuffer<Float>(rows))
    let (dScale, dBias) = (AlignedBuffer<Float>(columns), AlignedBuffer<Float>(columns))
    unsafe VectorMath.layerNormalization(
      x.reading, scale: scale.reading, bias: bias.reading, epsilon: Float(epsilon), into: y.pointer,
      means: means.pointer, inverseDeviations: inverses.pointer, rows: rows, columns: columns,
      options: options)
    unsafe VectorMath.layerNormalizationGradient(
      x.reading, scale: scale.reading, means: means.reading, inverseDeviations: inverses.reading,
      outGradient: dy.reading, into: dx.pointer, rows: rows, columns: columns, options: options)
    unsafe VectorMath.layerNormalizationParameterGradient(
      x.reading, means: means.reading, inverseDeviations: inverses.reading, outGradient: dy.reading,
      scaleGradient: dScale.pointer, biasGradient: dBias.pointer, rows: rows, columns: columns,
      options: options)

    /// The rows in Double, x moved by `step` along `direction`; normal values before scale too.
    func exact(_ row: Int, _ move: (Int) -> Double) -> (normal: [Double], out: [Double]) {
      let values = (0..<columns).map { Double(x[row * columns + $0]) + move($0) }
      let mean = values.reduce(0, +) / Double(columns)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      let normal = values.map { ($0 - mean) / (variance + Double(Float(epsilon))).squareRoot() }
      return (normal, (0..<columns).map { normal[$0] * Double(scale[$0]) + Double(bias[$0]) })
    }
    var (scaleSums, biasSums) = (
      [Double](repeating: 0, count: columns), [Double](repeating: 0, count: columns)
    )
    for row in 0..<rows {
      let (normal, out) = exact(row) { _ in 0 }
      let direction = (0..<columns).map { _ in numbers.next() }
      func loss(_ step: Double) -> Double {
        zip(exact(row) { step * direction[$0] }.out, 0..<columns).reduce(0) {
          $0 + $1.0 * Double(dy[row * columns + $1.1])
        }
      }
      let difference = (loss(1e-5) - loss(-1e-5)) / 2e-5
      let along = (0..<columns).reduce(0.0) { $0 + Double(dx[row * columns + $1]) * direction[$1] }
      #expect(abs(along - difference) < 3e-5 * Double(columns).squareRoot(), "dx, row \(row)")
      for column in 0..<columns {
        // The mean of numbers near 10 is rounded by 1e-6, the deviations are about 0.6.
        #expect(abs(Double(y[row * columns + column]) - out[column]) < 6e-6, "y, \(row), \(column)")
        scaleSums[column] += normal[column] * Double(dy[row * columns + column])
        biasSums[column] += Double(dy[row * columns + column])
      }
    }
    for column in 0..<columns {
      #expect(abs(Double(dScale[column]) - scaleSums[column]) < 2e-5)
      #expect(abs(Double(dBias[column]) - biasSums[column]) < 1e-6)
    }
  }

  @Test(arguments: Processor.availableLevels(), VectorMath.Operation.allCases)
  func `binary operations broadcast rows, columns and scalars as plain Float does`(
    level: Processor.Level, operation: VectorMath.Operation
  ) {
    var numbers = Numbers(seed: 50)
    let options = KernelOptions(threads: 2, level: level)
    for (rows, columns) in [(1, 1), (1, 19), (6, 1), (5, 33)] {
      let a: AlignedBuffer<Float> = numbers.buffer(rows * columns)
      let b: AlignedBuffer<Float> = numbers.buffer(rows * columns)
      for broadcast in [VectorMath.Broadcast.none, .row, .column, .scalar] {
        let y = AlignedBuffer<Float>(rows * columns)
        unsafe VectorMath.combine(
          operation, a.reading, b.reading, broadcast: broadcast, into: y.pointer, rows: rows,
          columns: columns,
          options: options)
        for index in 0..<y.count {
          let other =
            switch broadcast {
            case .none: b[index]
            case .row: b[index % columns]
            case .column: b[index / columns]
            case .scalar: b[0]
            }
          let expected =
            switch operation {
            case .add: a[index] + other
            case .subtract: a[index] - other
            case .multiply: a[index] * other
            case .divide: a[index] / other
            }
          #expect(y[index] == expected, "\(broadcast), \(rows) × \(columns), element \(index)")
        }
      }
    }
  }
}
