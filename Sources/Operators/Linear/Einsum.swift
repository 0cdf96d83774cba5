import Graphs
import Kernels
import Tensors

/// Einsum (ai.onnx 12…) of one or two operands: sums of products over the labels that the result lacks.
///
///     'bhid,bhjd->bhij':  y[b, h, i, j] = Σ(d) a[b, h, i, d] · b[b, h, j, d]
///     the gradient of an operand is an Einsum of dy and the other operand
///
/// Each operand is copied to (labels of both and the result, own labels of the result, summed labels), then the matrices are
/// multiplied. Source: onnx/docs/Operators.md#Einsum.
struct Einsum: Operator {
  static let schema = OperatorSchema("Einsum", versions: 12..., inputs: ["Inputs..."], outputs: ["Output"])

  private let text: String

  init(_ equation: String) { text = equation }

  init(reading node: AttributeReader) throws(OperatorError) {
    text = try node.text("equation", default: "")
    guard (1...2).contains(node.inputCount) else {
      throw .unsupported("Einsum of \(node.inputCount) inputs, implemented: 1 and 2")
    }
  }

  var attributes: [Attribute] { [Attribute("equation", text)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    for index in 0..<inputs.count { try inputs.require(index, isOneOf: [.float32, .float64]) }
    try inputs.requireSameType(0..<inputs.count)
    let equation = try EinsumEquation(text, (0..<inputs.count).map { inputs[$0].shape })
    guard let shape = Shape(checking: equation.resultExtents), EinsumPlan(equation) != nil else {
      throw .invalid("the result of equation '\(text)' is too large")
    }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let shapes = (0..<inputs.count).map { inputs[$0].shape }
    let equation = try EinsumEquation(text, shapes)
    guard let plan = EinsumPlan(equation) else {
      throw .invalid("the result of equation '\(text)' is too large")
    }
    let (size, product) = (plan.size, plan.product)
    let type = inputs[0].elementType
    let width = type.byteCount(of: 1) ?? 0
    let packing = product.scratchByteCount(type, isPacked: false, options)
    let counts = [size.m * size.k, size.k * size.n, size.m * size.n].map { plan.count * $0 }
    let left = StridedCopy(
      DataMovement.Block(strides: equation.strides(of: 0, shapes[0], by: plan.left)),
      to: equation.extents(of: plan.left))
    let right =
      shapes.count < 2
      ? nil
      : StridedCopy(
        DataMovement.Block(strides: equation.strides(of: 1, shapes[1], by: plan.right)),
        to: equation.extents(of: plan.right))
    let strides = Shape(equation.extents(of: plan.order)).strides
    let source = equation.result.map { label in plan.order.firstIndex(of: label).map { strides[$0] } ?? 0 }
    let back = StridedCopy(DataMovement.Block(strides: source), to: equation.resultExtents)
    return BoundKernel(
      inputs, .operations(2 &* plan.count &* size.m &* size.n &* size.k),
      scratchByteCount: packing + plan.scratchElements * width
    ) { operands in
      guard let scratch = operands.scratch else { return }
      func part(_ index: Int) -> TensorView {
        TensorView(
          elementType: type, shape: Shape([counts[index]]), storage: scratch.storage,
          byteOffset: scratch.byteOffset + packing + counts[..<index].reduce(0, +) * width)
      }
      let (a, b, c) = (part(0), part(1), part(2))
      left.run(operands[0], into: a, options)
      if let right { right.run(operands[1], into: b, options) } else { MatrixSum.fillOnes(b) }
      product.run(a, b, into: c, scratch: scratch, options)
      back.run(c, into: operands.output(0), options)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let shapes = site.inputs.map { gradient.shape($0) }
    let equation = try EinsumEquation(text, shapes)
    guard !text.contains("."), equation.operands.allSatisfy({ Set($0).count == $0.count }) else {
      throw OperatorError(
        .notDifferentiable,
        "equation '\(text)' has an ellipsis or a diagonal, for which no gradient is implemented")
    }
    let dY = try site.gradient()
    var results: [String?] = []
    for index in site.inputs.indices {
      guard site.needs(index) else {
        results.append(nil)
        continue
      }
      let other = site.inputs.count == 2 ? 1 - index : nil
      let reachable = Set(equation.result + (other.map { equation.operands[$0] } ?? []))
      let own = equation.operands[index]
      // Labels that only this operand has were summed away: their gradient is the same everywhere.
      let kept = own.filter { reachable.contains($0) }
      var terms = String(equation.result)
      var inputs = [dY]
      if let other {
        terms += "," + String(equation.operands[other])
        inputs.append(site.inputs[other])
      }
      var part = try gradient.emit(Einsum(terms + "->" + String(kept)), inputs)
      let open = zip(own, shapes[index].extents).map {
        reachable.contains($0) ? equation.extents[$0] ?? $1 : 1
      }
      part = try gradient.reshape(part, to: Shape(open))
      let full = zip(own, open).map { reachable.contains($0) ? $1 : equation.extents[$0] ?? $1 }
      if full != open { part = try gradient.emit(Expand(), [part, try gradient.constant(full)]) }
      results.append(try gradient.sum(part, toShapeOf: site.inputs[index]))
    }
    return results
  }
}

extension StridedCopy {
  /// A copy of a block into a whole value of the given extents.
  fileprivate init(_ block: DataMovement.Block, to extents: [Int]) {
    self.init(block, DataMovement.Block(strides: Shape(extents).strides), extents: extents)
  }
}

/// How the labels of an equation become a stack of matrix products.
struct EinsumPlan {
  /// Labels of the left matrices (stack, rows, depth), the right ones (stack, depth, columns) and the product.
  let left: [Character]
  let right: [Character]
  let order: [Character]
  /// Sizes of one product, and the number of products.
  let size: Product.Size
  let count: Int

  /// Sorts the labels; nil where the matrices are too large.
  init?(_ equation: EinsumEquation) {
    let first = Set(equation.operands[0])
    let second = equation.operands.count == 2 ? Set(equation.operands[1]) : []
    let stack = equation.result.filter { first.contains($0) && second.contains($0) }
    let rows = equation.result.filter { first.contains($0) && !second.contains($0) }
    let columns = equation.result.filter { !first.contains($0) }
    var depth: [Character] = []
    for label in equation.operands.flatMap({ $0 })
    where !equation.result.contains(label) && !depth.contains(label) {
      depth.append(label)
    }
    left = stack + rows + depth
    right = stack + depth + columns
    order = stack + rows + columns
    guard let a = Shape(checking: equation.extents(of: left)),
      let b = Shape(checking: equation.extents(of: right)),
      let c = Shape(checking: equation.extents(of: order))
    else { return nil }
    func extent(_ labels: [Character]) -> Int { equation.extents(of: labels).reduce(1, *) }
    size = Product.Size(m: extent(rows), n: extent(columns), k: extent(depth))
    count = extent(stack)
    scratchElements = a.elementCount + b.elementCount + c.elementCount
  }

  /// Elements of the three stacks.
  let scratchElements: Int

  /// The products, of matrices that lie one after the other.
  var product: BatchedProduct {
    let steps = 0..<(scratchElements == 0 ? 0 : count)
    return BatchedProduct(
      size, offsetsA: steps.map { $0 * size.m * size.k }, offsetsB: steps.map { $0 * size.k * size.n })
  }
}
