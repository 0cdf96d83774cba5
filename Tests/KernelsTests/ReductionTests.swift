import Kernels
import Tensors
import Testing

/// Reductions of long runs to fewer results than there are threads, and means of maps.
@Suite struct ReductionTests {
  private static let kinds: [Reduction.Kind] = [
    .sum, .mean, .sumOfSquares, .euclideanNorm, .maximum, .minimum,
  ]

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
    guard extents.count == 1, !values.isEmpty else { return }
    let sum = values.reduce(0.0) { $0 + Double($1) }
    let squares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
    let found = try Self.kinds.map { Double(try reduce($0, x, axes: axes, threads: 4)[0]) }
    let expected = [
      sum, sum / Double(values.count), squares, squares.squareRoot(), Double(values.max() ?? 0),
      Double(values.min() ?? 0),
    ]
    for (found, expected) in zip(found, expected) { #expect(abs(found - expected) <= 1e-6 * abs(expected)) }
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
      let mean =
        values[map * positions..<(map + 1) * positions].reduce(0.0) { $0 + Double($1) } / Double(positions)
      #expect(abs(Double(one[map]) - mean) <= 1e-6)
    }
  }
}
