import Graphs
import Tensors

extension OperatorCase {
  /// Cases of matrix products and Einsum.
  package static let linear: [OperatorCase] = products + scaled + sums

  static let longSum = Tolerance.relativeToLargest(2e-6, reason: "sums of products in another order")

  private static let products: [OperatorCase] = [
    matMul("two matrices", [3, 5], [5, 7]),
    matMul("one row, one column", [1, 1], [1, 1]),
    matMul("tokens by a weight", [2, 7, 5], [5, 3]),
    matMul("stacks", [2, 3, 4, 5], [2, 3, 5, 6]),
    matMul("stacks that broadcast", [2, 1, 4, 5], [3, 5, 2]),
    matMul("one left matrix for a stack", [4, 5], [3, 5, 2]),
    matMul("larger than a tile", [37, 65], [65, 33]),
    matMul("nothing to sum", [3, 0], [0, 2]),
    OperatorCase(
      "a row vector", "MatMul", inputs: [.normal([5]), .normal([2, 5, 3], seed: 2)], tolerance: longSum
    ) {
      inputs in
      .make([2, 3]) { place in
        (0..<5).reduce(0) { $0 + inputs[0]([$1]) * inputs[1]([place[0], $1, place[1]]) }
      }
    },
    OperatorCase(
      "a column vector", "MatMul", inputs: [.normal([2, 3, 5]), .normal([5], seed: 2)], tolerance: longSum
    ) { inputs in
      .make([2, 3]) { place in
        (0..<5).reduce(0) { $0 + inputs[0]([place[0], place[1], $1]) * inputs[1]([$1]) }
      }
    },
    OperatorCase("two vectors", "MatMul", inputs: [.normal([5]), .normal([5], seed: 2)], tolerance: longSum) {
      inputs in .scalar((0..<5).reduce(0) { $0 + inputs[0]([$1]) * inputs[1]([$1]) })
    },
    OperatorCase(
      "integers", "MatMul", inputs: [.integers([1, 2, 3, 4], [2, 2]), .integers([5, 6, 7, 8], [2, 2])],
      gradient: .none("integers have no gradient")
    ) { _ in .integers([19, 22, 43, 50], [2, 2]) },
  ]

  private static let scaled: [OperatorCase] = [
    gemm("plain", [3, 4], [4, 5], nil),
    gemm("both transposed, bias per column", [4, 3], [5, 4], [5], transA: 1, transB: 1),
    gemm("left transposed, scaled, bias per row", [4, 3], [4, 5], [3, 1], alpha: 0.5, beta: 2, transA: 1),
    gemm("right transposed, full bias", [1, 4], [5, 4], [1, 5], alpha: 1.5, transB: 1),
    gemm("one number as bias", [3, 4], [4, 2], [], beta: 0.25),
  ]

  private static let sums: [OperatorCase] = [
    einsum("scores of heads", "bhid,bhjd->bhij", ["b": 2, "h": 3, "i": 4, "j": 5, "d": 6]),
    einsum("relative positions", "bhwc,hkc->bhwk", ["b": 2, "h": 3, "w": 4, "c": 5, "k": 6]),
    einsum("outer product", "i,j->ij", ["i": 3, "j": 4]),
    einsum("transposed result of one operand", "ijk->kij", ["i": 2, "j": 3, "k": 4]),
    einsum("a sum of one operand", "ij->i", ["i": 3, "j": 4]),
    einsum("own labels summed away", "ab,bc->c", ["a": 2, "b": 3, "c": 4]),
    einsum("inner product to a scalar", "ij,ij->", ["i": 3, "j": 4]),
    OperatorCase(
      "ellipsis", "Einsum", inputs: [.normal([2, 3, 4]), .normal([4, 5], seed: 2)],
      attributes: [Attribute("equation", "...k,kn->...n")], tolerance: longSum,
      gradient: .none("not implemented for an ellipsis")
    ) { inputs in
      .make([2, 3, 5]) { place in
        (0..<4).reduce(0) { $0 + inputs[0]([place[0], place[1], $1]) * inputs[1]([$1, place[2]]) }
      }
    },
    OperatorCase(
      "diagonal without arrow", "Einsum", inputs: [.normal([3, 3])],
      attributes: [Attribute("equation", "ii")], tolerance: longSum,
      gradient: .none("not implemented for a diagonal")
    ) { inputs in .scalar((0..<3).reduce(0) { $0 + inputs[0]([$1, $1]) }) },
  ]

  private static func matMul(_ name: String, _ a: Shape, _ b: Shape) -> OperatorCase {
    OperatorCase(
      name, "MatMul", inputs: [.normal(a), .normal(b, seed: 2)], tolerance: longSum,
      gradientTolerance: .relativeToLargest(1e-5, reason: "sums of products in Float")
    ) { inputs in
      let stack =
        Shape(Array(a.extents.dropLast(2))).broadcast(with: Shape(Array(b.extents.dropLast(2)))) ?? []
      return .make(Shape(stack.extents + [a[-2], b[-1]])) { place in
        let outer = Array(place.dropLast(2))
        return (0..<a[-1]).reduce(0) { sum, k in
          sum + inputs[0](outer + [place[place.count - 2], k])
            * inputs[1](outer + [k, place[place.count - 1]])
        }
      }
    }
  }

  private static func gemm(
    _ name: String, _ a: Shape, _ b: Shape, _ c: Shape?, alpha: Float = 1, beta: Float = 1, transA: Int = 0,
    transB: Int = 0
  ) -> OperatorCase {
    let (m, k) = transA == 1 ? (a[1], a[0]) : (a[0], a[1])
    let n = transB == 1 ? b[0] : b[1]
    return OperatorCase(
      name, "Gemm", inputs: [.normal(a), .normal(b, seed: 2), c.map { .normal($0, seed: 3) }],
      attributes: [
        Attribute("alpha", alpha), Attribute("beta", beta), Attribute("transA", transA),
        Attribute("transB", transB),
      ], tolerance: longSum
    ) { inputs in
      .make([m, n]) { place in
        let sum = (0..<k).reduce(0.0) { sum, k in
          sum + inputs[0](transA == 1 ? [k, place[0]] : [place[0], k])
            * inputs[1](transB == 1 ? [place[1], k] : [k, place[1]])
        }
        return Double(alpha) * sum + (c == nil ? 0 : Double(beta) * inputs[2](place))
      }
    }
  }

  private static func einsum(_ name: String, _ equation: String, _ extents: [Character: Int]) -> OperatorCase
  {
    let sides = equation.split(separator: ">", omittingEmptySubsequences: false)
    let terms = sides[0].dropLast().split(separator: ",").map(Array.init)
    let result = Array(sides[1])
    @Sendable func shape(_ labels: [Character]) -> Shape { Shape(labels.map { extents[$0] ?? 1 }) }
    return OperatorCase(
      name, "Einsum", inputs: terms.enumerated().map { .normal(shape($1), seed: $0 + 1) },
      attributes: [Attribute("equation", equation)], tolerance: longSum
    ) { inputs in
      let summed = Array(Set(terms.flatMap { $0 }).subtracting(result)).sorted()
      let inner = ReferenceTensor.coordinates(of: shape(summed))
      return .make(shape(result)) { place in
        inner.reduce(0) { sum, summedPlace in
          let values = Dictionary(
            uniqueKeysWithValues: zip(result + summed, place + summedPlace).map { ($0, $1) })
          return sum
            + zip(terms, inputs).reduce(1) { $0 * $1.1($1.0.map { values[$0] ?? 0 }) }
        }
      }
    }
  }
}
