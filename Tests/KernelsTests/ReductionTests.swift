import Kernels
import Tensors
import Testing

/// Reductions of long runs to fewer results than there are threads, and means of maps.
@Suite struct ReductionTests {
  private static let kinds: [Reduction.Kind] = [
    .sum, .mean, .sumOfSquares, .euclideanNorm, .maximum, .minimum,
  ]

  /// Half the distance from 1 to the next Float: what one operation errs by at most.
  ///
  /// Errors of either sign add like steps of a random walk: a sum errs by about √k units times the sum of magnitudes, where k is how many
  /// additions an element goes through (Higham and Mary, A New Approach to Probabilistic Rounding Error Analysis, 2019). On average
  /// these are here 64 in a lane of a block of 1024, 3 that join the lanes, half of the blocks, 4 behind the last, one for each run;
  /// and 2 for a square, a quotient or a root.
  private static let unit = Double(Float.ulpOfOne) / 2

  private func reduce(_ kind: Reduction.Kind, _ x: Tensor, axes: [Int], threads: Int) throws -> [Float] {
    let kept = x.shape.extents.enumerated().filter { !axes.contains($0.offset) }.map(\.element)
    let y = try Tensor(zeros: Shape(kept), of: .float32)
    Reduction.apply(
      kind, TensorView(x), ReductionWalk(x.shape, axes: axes), into: TensorView(y),
      KernelOptions(threads: threads, level: .portable))
    return y.elements(of: Float.self)
  }

  @Test(arguments: [[200_003], [1, 7], [0], [3, 100_000], [2, 2, 70_001]])
  func `as many threads as there are give the same bits`(_ extents: [Int]) throws {
    var random = Random(7, 1)
    let shape = Shape(extents)
    let values = (0..<shape.elementCount).map { _ in Float(random.next() >> 40) / 16_777_216 - 0.25 }
    let x = try Tensor(values, shape: shape)
    let axes = extents.count == 3 ? [0, 2] : [extents.count - 1]
    for kind in Self.kinds {
      let one = try reduce(kind, x, axes: axes, threads: 1)
      for threads in [2, 4, 16] {
        let several = try reduce(kind, x, axes: axes, threads: threads)
        #expect(several.map(\.bitPattern) == one.map(\.bitPattern), "\(kind) on \(threads) threads")
      }
    }
    guard !values.isEmpty else { return }
    // Every result from the elements it is made of, by Double and in the simplest order.
    let kept = extents.count == 1 ? 1 : extents[extents.count - 2]
    let run = extents[extents.count - 1]
    let rows = values.count / (kept * run)
    for index in 0..<kept {
      let own = (0..<rows).flatMap { row in
        values[((row * kept + index) * run)...].prefix(run).map(Double.init)
      }
      let blocks = (run + 1023) / 1024
      let rounding = Double(64 + 3 + blocks / 2 + 4 + rows + 2).squareRoot() * Self.unit
      let (sum, magnitude) = (own.reduce(0, +), own.reduce(0) { $0 + abs($1) })
      let squares = own.reduce(0) { $0 + $1 * $1 }
      let expected: [(value: Double, bound: Double)] = [
        (sum, rounding * magnitude), (sum / Double(own.count), rounding * magnitude / Double(own.count)),
        (squares, rounding * squares), (squares.squareRoot(), rounding * squares.squareRoot()),
        (own.max() ?? 0, 0), (own.min() ?? 0, 0),
      ]
      for (kind, expected) in zip(Self.kinds, expected) {
        let found = Double(try reduce(kind, x, axes: axes, threads: 4)[index])
        #expect(abs(found - expected.value) <= expected.bound, "\(kind) of result \(index)")
      }
    }
  }

  @Test(arguments: [1, 7, 3000]) func `means of maps do not depend on the number of threads`(_ positions: Int)
    throws
  {
    var random = Random(7, 2)
    let values = (0..<37 * positions).map { _ in Float(random.next() >> 40) / 16_777_216 - 0.25 }
    let x = try Tensor(values, shape: Shape([1, 37, positions]))
    func means(threads: Int) throws -> [Float] {
      let y = try Tensor(zeros: Shape([1, 37, 1]), of: .float32)
      Pooling.globalMean(
        TensorView(x), into: TensorView(y), KernelOptions(threads: threads, level: .portable))
      return y.elements(of: Float.self)
    }
    let one = try means(threads: 1)
    #expect(try means(threads: 4).map(\.bitPattern) == one.map(\.bitPattern))
    for map in 0..<37 {
      let own = values[map * positions..<(map + 1) * positions].map(Double.init)
      let mean = own.reduce(0, +) / Double(positions)
      let magnitude = own.reduce(0) { $0 + abs($1) } / Double(positions)
      // On average half of its lane's additions, 3 that join the lanes, 4 behind them, and the quotient.
      let rounding = Double(positions / 16 + 3 + 4 + 1).squareRoot() * Self.unit
      #expect(abs(Double(one[map]) - mean) <= rounding * magnitude)
    }
  }
}
