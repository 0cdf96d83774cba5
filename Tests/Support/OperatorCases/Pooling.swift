import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Pooling.
  package static let pooling: [OperatorCase] = [
    OperatorCase(
      "maps of two axes", "GlobalAveragePool", inputs: [.normal([2, 3, 5, 7])],
      tolerance: .relativeToLargest(1e-6, reason: "one sum")
    ) { inputs in inputs[0].reduce([2, 3]) { $0.reduce(0, +) / 35 } },
    window(
      "ResNet's, overlapping and padded", "MaxPool", [2, 3, 9, 8], [3, 3], strides: [2, 2],
      pads: [1, 1, 1, 1]),
    window(
      "dilated, uneven padding", "MaxPool", [1, 2, 9, 7], [2, 3], strides: [2, 1], dilations: [3, 2],
      pads: [1, 0, 0, 2]),
    window("one axis", "MaxPool", [2, 3, 11], [3], strides: [3]),
    window(
      "three axes", "MaxPool", [2, 2, 4, 5, 6], [2, 3, 2], strides: [1, 2, 2], pads: [0, 1, 0, 1, 1, 0]),
    window(
      "a last window that is cut off", "MaxPool", [1, 2, 6, 8], [3, 3], strides: [2, 2], roundsUp: true),
    window(
      "one that would begin in padding", "MaxPool", [1, 1, 4, 4], [2, 2], strides: [3, 3],
      pads: [0, 0, 2, 2],
      roundsUp: true),
    window(
      "padding not counted", "AveragePool", [2, 3, 9, 8], [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]),
    window(
      "padding counted", "AveragePool", [2, 3, 9, 8], [3, 3], strides: [2, 2], pads: [1, 1, 1, 1],
      countsPadding: true),
    window(
      "a cut-off window counts padding, not what is behind it", "AveragePool", [1, 2, 6, 8], [3, 4],
      strides: [2, 3], pads: [1, 0, 0, 1], roundsUp: true, countsPadding: true),
    window("dilated", "AveragePool", [1, 2, 9, 7], [2, 3], dilations: [3, 2], pads: [1, 1, 1, 1]),
    window("one axis", "AveragePool", [2, 3, 11], [4], strides: [2], pads: [1, 1]),
    window("three axes", "AveragePool", [2, 2, 4, 5, 6], [2, 3, 2], strides: [1, 2, 2]),
  ]

  /// The definition, written over coordinates.
  static func window(
    _ name: String, _ type: String, _ x: Shape, _ kernel: [Int], strides: [Int]? = nil,
    dilations: [Int]? = nil, pads: [Int]? = nil, roundsUp: Bool = false, countsPadding: Bool = false
  ) -> OperatorCase {
    let axes = kernel.count
    let steps = strides ?? [Int](repeating: 1, count: axes)
    let spread = dilations ?? [Int](repeating: 1, count: axes)
    let padding = pads ?? [Int](repeating: 0, count: 2 * axes)
    let outputs = (0..<axes).map { axis -> Int in
      let room = x[2 + axis] + padding[axis] + padding[axes + axis] - (kernel[axis] - 1) * spread[axis] - 1
      guard roundsUp else { return room / steps[axis] + 1 }
      let count = (room + steps[axis] - 1) / steps[axis] + 1
      return (count - 1) * steps[axis] < x[2 + axis] + padding[axis] ? count : count - 1
    }
    var attributes = [Attribute("kernel_shape", kernel)]
    if let strides { attributes.append(Attribute("strides", strides)) }
    if let dilations { attributes.append(Attribute("dilations", dilations)) }
    if let pads { attributes.append(Attribute("pads", pads)) }
    if roundsUp { attributes.append(Attribute("ceil_mode", 1)) }
    if countsPadding { attributes.append(Attribute("count_include_pad", 1)) }
    let taps = ReferenceTensor.coordinates(of: Shape(kernel))
    let isMaximum = type == "MaxPool"
    /// Position of a tap along an axis; outside of the map in padding.
    @Sendable func position(_ window: Int, _ tap: Int, _ axis: Int) -> Int {
      window * steps[axis] + tap * spread[axis] - padding[axis]
    }
    return OperatorCase(
      name, OperatorName(type), inputs: [.normal(x)], attributes: attributes,
      tolerance: isMaximum ? .exact : .relativeToLargest(1e-6, reason: "one sum per window")
    ) { inputs in
      let shape = Shape([x[0], x[1]] + outputs)
      let result = ReferenceTensor.make(shape) { (place: [Int]) -> Double in
        var values: [Double] = []
        var padded = 0
        for tap in taps {
          let positions: [Int] = (0..<axes).map { position(place[2 + $0], tap[$0], $0) }
          let isInside = (0..<axes).allSatisfy { positions[$0] >= 0 && positions[$0] < x[2 + $0] }
          let isPadded = (0..<axes).allSatisfy { positions[$0] < x[2 + $0] + padding[axes + $0] }
          if isInside {
            values.append(inputs[0]([place[0], place[1]] + positions))
          } else if isPadded {
            padded += 1
          }
        }
        if isMaximum { return values.max() ?? -.infinity }
        let count = values.count + (countsPadding ? padded : 0)
        return values.reduce(0, +) / Double(count)
      }
      return [result]
    }
  }
}
