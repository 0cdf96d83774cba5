import Graphs
import Kernels
import Tensors

/// How Conv and its gradients lay kernels over maps, and the geometry that this gives.
package struct ConvolutionForm: Sendable {
  /// Number of groups of channels.
  package let group: Int
  /// Steps of the kernel per axis; 1 where they are not given.
  package let strides: [Int]?
  /// Distances of its taps per axis; 1 where they are not given.
  package let dilations: [Int]?
  /// Zeros in front of each axis, then behind each; none where they are not given.
  package let pads: [Int]?
  /// How zeros are found where it is not by `pads`: SAME_UPPER, SAME_LOWER or VALID; NOTSET else.
  package let automaticPadding: String
  private let kernelShape: [Int]?

  /// Kernels that are applied as given; no zeros around the maps unless told otherwise.
  package init(group: Int = 1, strides: [Int]? = nil, dilations: [Int]? = nil, pads: [Int]? = nil) {
    self.group = group
    self.strides = strides
    self.dilations = dilations
    self.pads = pads
    automaticPadding = "NOTSET"
    kernelShape = nil
  }

  init(reading node: AttributeReader) throws(OperatorError) {
    group = try node.int("group", default: 1)
    strides = try node.optionalInts("strides")
    dilations = try node.optionalInts("dilations")
    pads = try node.optionalInts("pads")
    automaticPadding = try node.text("auto_pad", oneOf: ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
    kernelShape = try node.optionalInts("kernel_shape")
    for (name, values) in [("strides", strides), ("dilations", dilations)] {
      guard values?.allSatisfy({ $0 > 0 && $0 < limit }) ?? true else {
        throw .invalid("attribute '\(name)' is \(values ?? []), expected positive numbers below \(limit)")
      }
    }
    guard group > 0, group < limit else {
      throw .invalid("attribute 'group' is \(group), expected a positive number below \(limit)")
    }
    guard pads?.allSatisfy({ $0 >= 0 && $0 < limit }) ?? true else {
      throw .unsupported("attribute 'pads' is \(pads ?? []), implemented: 0 to \(limit - 1)")
    }
  }

  var attributes: [Attribute] {
    let lists = [
      ("strides", strides), ("dilations", dilations), ("pads", pads), ("kernel_shape", kernelShape),
    ]
    return [Attribute("group", group), Attribute("auto_pad", automaticPadding)]
      + lists.compactMap { name, values in values.map { Attribute(name, $0) } }
  }

  /// What strides, dilations, pads, groups and kernel extents stay below, so that their products stay within `Int`.
  private let limit = 1 << 24

  /// The geometry for an input and a kernel, and the result's shape.
  func geometry(_ x: Shape, _ w: Shape) throws(OperatorError) -> (geometry: ConvolutionGeometry, shape: Shape)
  {
    let axes = x.rank - 2
    guard (1...3).contains(axes) else {
      throw axes < 1
        ? .invalid("input 0 has shape \(x), expected [N, C, …]")
        : .unsupported("convolution over \(axes) axes, implemented: 1 to 3")
    }
    guard w.rank == x.rank, x.extents[1] == w.extents[1] * group, w.extents[0] % group == 0 else {
      throw .invalid("kernel \(w) with group \(group) does not fit input \(x)")
    }
    if let kernelShape, kernelShape != Array(w.extents[2...]) {
      throw .invalid("attribute 'kernel_shape' is \(kernelShape), the kernel has shape \(w)")
    }
    for (name, values, count) in [
      ("strides", strides, axes), ("dilations", dilations, axes), ("pads", pads, 2 * axes),
    ] {
      guard values == nil || values?.count == count else {
        throw .invalid("attribute '\(name)' has \(values?.count ?? 0) numbers, expected \(count)")
      }
    }
    let geometry = ConvolutionGeometry(
      batch: x.extents[0], groups: group, channels: w.extents[1], filters: w.extents[0] / group,
      axes: try (0..<axes).map { axis throws(OperatorError) in
        try self.axis(axis, of: axes, input: x.extents[2 + axis], kernel: w.extents[2 + axis])
      })
    let outputs = geometry.axes.map(\.output)
    guard let shape = Shape(checking: [x.extents[0], w.extents[0]] + outputs) else {
      throw .invalid("result of extents \(outputs) is too large")
    }
    return (geometry, shape)
  }

  /// How kernels lie over one of the axes.
  ///
  /// A kernel that nowhere fits the padded input is refused, as ONNX Runtime does, also where there are no images.
  private func axis(_ axis: Int, of axes: Int, input: Int, kernel: Int) throws(OperatorError)
    -> ConvolutionAxis
  {
    guard kernel > 0, kernel < limit else {
      throw .invalid("the kernel has extent \(kernel) along spatial axis \(axis)")
    }
    let (stride, dilation) = (strides?[axis] ?? 1, dilations?[axis] ?? 1)
    let reach = (kernel - 1) * dilation + 1
    func lying(_ output: Int, behind padding: Int) -> ConvolutionAxis {
      ConvolutionAxis(
        input: input, kernel: kernel, output: output, stride: stride, dilation: dilation, padding: padding)
    }
    switch automaticPadding {
    case "SAME_UPPER", "SAME_LOWER":
      let output = (input + stride - 1) / stride
      let total = max((output - 1) * stride + reach - input, 0)
      return lying(output, behind: automaticPadding == "SAME_UPPER" ? total / 2 : total - total / 2)
    default:
      let isPadded = automaticPadding == "NOTSET"
      let before = isPadded ? pads?[axis] ?? 0 : 0
      let padded = input + before + (isPadded ? pads?[axes + axis] ?? 0 : 0)
      guard reach <= padded else {
        throw .invalid(
          "the kernel reaches over \(reach) elements along spatial axis \(axis), the padded input has \(padded)"
        )
      }
      return lying((padded - reach) / stride + 1, behind: before)
    }
  }
}
