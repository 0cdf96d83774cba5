package import Tensors

/// Small building blocks for references, written for clarity: one element at a time by its coordinates.
extension ReferenceTensor {
  /// Coordinates of every element of a shape, in row-major order.
  package static func coordinates(of shape: Shape) -> [[Int]] {
    var all: [[Int]] = [[]]
    for extent in shape.extents { all = all.flatMap { head in (0..<extent).map { head + [$0] } } }
    return all
  }

  /// The element at some coordinates; coordinates along axes of extent one are taken as zero, and missing
  /// leading axes are skipped, which is what broadcasting means.
  package func callAsFunction(_ coordinates: [Int]) -> Double {
    var index = 0
    for (axis, coordinate) in coordinates.suffix(shape.rank).enumerated() {
      index = index * shape.extents[axis] + (shape.extents[axis] == 1 ? 0 : coordinate)
    }
    return values[index]
  }

  /// A tensor made of one value per coordinates.
  package static func make(
    _ shape: Shape, _ type: ElementType = .float32, _ body: ([Int]) -> Double
  ) -> ReferenceTensor {
    ReferenceTensor(coordinates(of: shape).map(body), shape, type)
  }

  /// f(x) for every element.
  package func map(_ type: ElementType? = nil, _ body: (Double) -> Double) -> ReferenceTensor {
    ReferenceTensor(values.map(body), shape, type ?? self.type)
  }

  /// f(x, y) with broadcasting.
  package func zip(_ other: ReferenceTensor, _ type: ElementType? = nil, _ body: (Double, Double) -> Double)
    -> ReferenceTensor
  {
    guard let shape = shape.broadcast(with: other.shape) else {
      preconditionFailure("reference shapes \(self.shape) and \(other.shape) do not broadcast")
    }
    return .make(shape, type ?? self.type) { body(self($0), other($0)) }
  }

  /// f of all the elements along some axes, in row-major order.
  package func reduce(_ axes: [Int], keepsAxes: Bool = true, _ body: ([Double]) -> Double) -> ReferenceTensor
  {
    let axes = Set(axes.map { $0 < 0 ? $0 + shape.rank : $0 })
    let kept = Shape(shape.extents.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
    let span = Shape(shape.extents.enumerated().map { axes.contains($0.offset) ? $0.element : 1 })
    let inner = Self.coordinates(of: span)
    let result = Self.make(kept, type) { outer in
      body(inner.map { self(Swift.zip(outer, $0).map { $0 + $1 }) })
    }
    guard !keepsAxes else { return result }
    return result.reshaped(
      Shape(shape.extents.enumerated().filter { !axes.contains($0.offset) }.map(\.element)))
  }
}
