import Kernels
import Tensors

/// The shapes of a product of two stacks of matrices, as NumPy's matmul has them.
///
/// A vector on the left is a row, one on the right a column; its axis is dropped from the result.
struct MatrixStacks {
  /// The result's shape.
  let shape: Shape
  /// Rows, columns, depth of one product.
  let size: Product.Size
  /// The stacks of both operands, and of the result; nil where all rows are one product.
  private let stacks: (a: Shape, b: Shape, both: Shape)?
  private let transposesA: Bool
  private let transposesB: Bool

  /// Pairs two stacks, the last two axes of which count as swapped where an operand is transposed.
  ///
  /// A single B is multiplied with all rows of A's stack at once.
  init(_ a: Shape, _ b: Shape, transposesA: Bool = false, transposesB: Bool = false) throws(OperatorError) {
    guard a.rank > 0, b.rank > 0 else { throw .invalid("can't multiply \(a) and \(b): scalars have no rows") }
    let rowAxes = a.rank == 1 ? [1] + a.extents : a.extents
    let columnAxes = b.rank == 1 ? b.extents + [1] : b.extents
    let (m, kA) = Self.lastTwo(rowAxes, swapped: transposesA)
    let (kB, n) = Self.lastTwo(columnAxes, swapped: transposesB)
    guard kA == kB else {
      throw .invalid("can't multiply \(a) and \(b): inner extents \(kA) and \(kB) differ")
    }
    let stackA = Shape(Array(rowAxes.dropLast(2)))
    let stackB = Shape(Array(columnAxes.dropLast(2)))
    guard let stack = stackA.broadcast(with: stackB),
      let shape = Shape(
        checking: stack.extents + (a.rank == 1 ? [] : [m]) + (b.rank == 1 ? [] : [n]))
    else { throw .invalid("can't multiply \(a) and \(b): the stacks do not broadcast") }
    self.shape = shape
    self.transposesA = transposesA
    self.transposesB = transposesB
    if stackB.elementCount == 1, !transposesA, shape.elementCount > 0 {
      size = Product.Size(m: stack.elementCount * m, n: n, k: kA)
      stacks = nil
    } else {
      size = Product.Size(m: m, n: n, k: kA)
      stacks = (stackA, stackB, stack)
    }
  }

  /// The products to run.
  var product: BatchedProduct {
    let offsets = offsets
    return BatchedProduct(
      size, offsetsA: offsets.a, offsetsB: offsets.b, transposesA: transposesA, transposesB: transposesB)
  }

  /// Multiplications and additions of all products.
  var operations: Int { 2 &* shape.elementCount &* size.k }

  /// First element of A and B per product.
  private var offsets: (a: [Int], b: [Int]) {
    guard shape.elementCount > 0 else { return ([], []) }
    guard let stacks else { return ([0], [0]) }
    return (
      Self.offsets(of: stacks.a, in: stacks.both, step: size.m * size.k),
      Self.offsets(of: stacks.b, in: stacks.both, step: size.k * size.n)
    )
  }

  private static func lastTwo(_ extents: [Int], swapped: Bool) -> (Int, Int) {
    let (first, second) = (extents[extents.count - 2], extents[extents.count - 1])
    return swapped ? (second, first) : (first, second)
  }

  private static func offsets(of own: Shape, in stack: Shape, step: Int) -> [Int] {
    let strides = own.strides(expandedTo: stack)
    var offsets = [0]
    for axis in stack.extents.indices {
      offsets = offsets.flatMap { base in
        (0..<stack.extents[axis]).map { base + $0 * strides[axis] * step }
      }
    }
    return offsets
  }
}
