import Graphs
import Kernels
import Tensors

/// How pooling operators lay windows over maps, and the geometry that this gives.
struct PoolingForm: Hashable {
  private let kernel: [Int]
  private let strides: [Int]?
  private let dilations: [Int]?
  private let pads: [Int]?
  private let automaticPadding: String
  private let roundsUp: Bool

  /// What kernel extents, strides, dilations and pads stay below, so that their products stay within `Int`.
  private static let limit = 1 << 24

  init(reading node: AttributeReader) throws(OperatorError) {
    guard let kernel = try node.optionalInts("kernel_shape") else {
      throw .invalid("lacks attribute 'kernel_shape'")
    }
    self.kernel = kernel
    strides = try node.optionalInts("strides")
    dilations = try node.optionalInts("dilations")
    pads = try node.optionalInts("pads")
    automaticPadding = try node.text("auto_pad", oneOf: ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
    roundsUp = try node.flag("ceil_mode", default: false)
    for (name, values) in [("kernel_shape", kernel), ("strides", strides), ("dilations", dilations)] {
      guard values?.allSatisfy({ $0 > 0 && $0 < Self.limit }) ?? true else {
        throw .invalid(
          "attribute '\(name)' is \(values ?? []), expected positive numbers below \(Self.limit)")
      }
    }
    guard pads?.allSatisfy({ $0 >= 0 && $0 < Self.limit }) ?? true else {
      throw .unsupported("attribute 'pads' is \(pads ?? []), implemented: 0 to \(Self.limit - 1)")
    }
  }

  var attributes: [Attribute] {
    let lists = [("strides", strides), ("dilations", dilations), ("pads", pads)]
    return [
      Attribute("kernel_shape", kernel), Attribute("auto_pad", automaticPadding),
      Attribute("ceil_mode", roundsUp ? 1 : 0),
    ] + lists.compactMap { name, values in values.map { Attribute(name, $0) } }
  }

  /// The windows over an input [B, C, d…], and the result's shape.
  func geometry(_ x: Shape) throws(OperatorError) -> (geometry: PoolingGeometry, shape: Shape) {
    let count = x.rank - 2
    guard (1...3).contains(count) else {
      throw count < 1
        ? .invalid("input 0 has shape \(x), expected [N, C, …]")
        : .unsupported("pooling over \(count) axes, implemented: 1 to 3")
    }
    for (name, values, expected) in [
      ("kernel_shape", kernel, count), ("strides", strides, count), ("dilations", dilations, count),
      ("pads", pads, 2 * count),
    ] {
      guard values == nil || values?.count == expected else {
        throw .invalid("attribute '\(name)' has \(values?.count ?? 0) numbers, expected \(expected)")
      }
    }
    var axes: [PoolingGeometry.Axis] = []
    for axis in 0..<count { axes.append(try self.axis(axis, of: count, input: x[2 + axis])) }
    guard let shape = Shape(checking: x.extents[..<2] + axes.map(\.output)) else {
      throw .invalid("result of extents \(axes.map(\.output)) is too large")
    }
    return (PoolingGeometry(planes: x[0] * x[1], axes: axes), shape)
  }

  /// Windows along one axis: with `ceil_mode` a last one that is cut off counts, where it begins before the padding behind.
  private func axis(_ axis: Int, of count: Int, input: Int) throws(OperatorError) -> PoolingGeometry.Axis {
    let (stride, dilation) = (strides?[axis] ?? 1, dilations?[axis] ?? 1)
    let reach = (kernel[axis] - 1) * dilation + 1
    var (before, behind) = (0, 0)
    var output: Int
    if automaticPadding.hasPrefix("SAME") {
      output = (input + stride - 1) / stride
      let total = max((output - 1) * stride + reach - input, 0)
      before = automaticPadding == "SAME_UPPER" ? total / 2 : total - total / 2
      behind = total - before
    } else {
      if automaticPadding == "NOTSET" {
        before = pads?[axis] ?? 0
        behind = pads?[count + axis] ?? 0
      }
      let room = input + before + behind - reach
      guard room >= 0 else {
        throw .invalid(
          "the window reaches over \(reach) elements along spatial axis \(axis), the padded input has "
            + "\(input + before + behind)")
      }
      output = (roundsUp ? room + stride - 1 : room) / stride + 1
      if roundsUp, (output - 1) * stride >= input + before { output -= 1 }
    }
    return PoolingGeometry.Axis(
      input: input, kernel: kernel[axis], output: output, stride: stride, dilation: dilation,
      before: before, behind: behind)
  }
}

extension PoolingGeometry {
  /// One operation per element of each window.
  var operations: Int { planes &* outputCount &* tapCount }
}
