import Graphs
import Tensors

/// How ConvTranspose lays kernels over its result: the convolution of which it is the adjoint.
struct TransposedConvolutionForm {
  private let group: Int
  private let strides: [Int]?
  private let dilations: [Int]?
  private let pads: [Int]?
  private let outputPadding: [Int]?
  private let outputShape: [Int]?
  private let kernelShape: [Int]?
  private let automaticPadding: String

  /// What strides, dilations, pads, groups and extents stay below, so that their products stay within `Int`.
  private static let limit = 1 << 24

  init(reading node: AttributeReader) throws(OperatorError) {
    group = try node.int("group", default: 1)
    strides = try node.optionalInts("strides")
    dilations = try node.optionalInts("dilations")
    pads = try node.optionalInts("pads")
    outputPadding = try node.optionalInts("output_padding")
    outputShape = try node.optionalInts("output_shape")
    kernelShape = try node.optionalInts("kernel_shape")
    automaticPadding = try node.text("auto_pad", oneOf: ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
    for (name, values) in [("group", [group]), ("strides", strides), ("dilations", dilations)] {
      guard values?.allSatisfy({ $0 > 0 && $0 < Self.limit }) ?? true else {
        throw .invalid(
          "attribute '\(name)' is \(values ?? []), expected positive numbers below \(Self.limit)")
      }
    }
    for (name, values) in [("pads", pads), ("output_padding", outputPadding), ("output_shape", outputShape)] {
      guard values?.allSatisfy({ $0 >= 0 && $0 < Self.limit }) ?? true else {
        throw .unsupported("attribute '\(name)' is \(values ?? []), implemented: 0 to \(Self.limit - 1)")
      }
    }
  }

  var attributes: [Attribute] {
    let lists = [
      ("strides", strides), ("dilations", dilations), ("pads", pads), ("output_padding", outputPadding),
      ("output_shape", outputShape), ("kernel_shape", kernelShape),
    ]
    return [Attribute("group", group), Attribute("auto_pad", automaticPadding)]
      + lists.compactMap { name, values in values.map { Attribute(name, $0) } }
  }

  /// The convolution that takes the result back to the operand, and the result's shape.
  func adjoint(_ x: Shape, _ w: Shape) throws(OperatorError) -> (convolution: ConvolutionForm, shape: Shape) {
    let axes = x.rank - 2
    guard axes >= 1 else { throw .invalid("input 0 has shape \(x), expected [N, C, …]") }
    guard w.rank == x.rank, x.extents[1] == w.extents[0], w.extents[0] % group == 0 else {
      throw .invalid("kernel \(w) with group \(group) does not fit input \(x)")
    }
    if let kernelShape, kernelShape != Array(w.extents[2...]) {
      throw .invalid("attribute 'kernel_shape' is \(kernelShape), the kernel has shape \(w)")
    }
    for (name, values, count) in [
      ("strides", strides, axes), ("dilations", dilations, axes), ("pads", pads, 2 * axes),
      ("output_padding", outputPadding, axes), ("output_shape", outputShape, axes),
    ] {
      guard values == nil || values?.count == count else {
        throw .invalid("attribute '\(name)' has \(values?.count ?? 0) numbers, expected \(count)")
      }
    }
    var (extents, before, behind): ([Int], [Int], [Int]) = ([], [], [])
    for axis in 0..<axes {
      let (extent, pads) = try output(axis, axes, input: x[2 + axis], kernel: w[2 + axis])
      extents.append(extent)
      before.append(pads.0)
      behind.append(pads.1)
    }
    guard let filters = Shape(checking: [w[1], group])?.elementCount,
      let shape = Shape(checking: [x[0], filters] + extents)
    else { throw .invalid("result of extents \(extents) is too large") }
    let convolution = ConvolutionForm(
      group: group, strides: strides, dilations: dilations, pads: before + behind)
    return (convolution, shape)
  }

  /// Extent of the result along one axis, and the zeros around it from which the convolution comes back to the operand.
  private func output(_ axis: Int, _ axes: Int, input: Int, kernel: Int) throws(OperatorError) -> (
    extent: Int, pads: (Int, Int)
  ) {
    guard input > 0, input < 1 << 31, kernel > 0, kernel < Self.limit else {
      throw .invalid("\(input) elements and a kernel of extent \(kernel) along spatial axis \(axis)")
    }
    let stride = strides?[axis] ?? 1
    let reach = (kernel - 1) * (dilations?[axis] ?? 1) + 1
    // What all taps reach, and what a convolution of that stride can't tell from it.
    let reached = stride * (input - 1) + reach
    let full = reached + (outputPadding?[axis] ?? 0)
    var extent: Int
    var before = 0
    if let wanted = outputShape?[axis] ?? (automaticPadding.hasPrefix("SAME") ? input * stride : nil) {
      let total = max(full - wanted, 0)
      extent = wanted
      before = automaticPadding == "SAME_UPPER" ? total / 2 : total - total / 2
    } else {
      before = automaticPadding == "NOTSET" ? pads?[axis] ?? 0 : 0
      extent = full - before - (automaticPadding == "NOTSET" ? pads?[axes + axis] ?? 0 : 0)
    }
    let rest = extent + before - reached
    guard extent > 0 else {
      throw .invalid("nothing is left of \(full) elements along spatial axis \(axis) after padding")
    }
    guard rest < stride else {
      throw .unsupported(
        "\(rest) elements behind those that the kernel reaches along spatial axis \(axis), "
          + "implemented: fewer than the stride \(stride)")
    }
    return (extent, (before, max(-rest, 0)))
  }
}
