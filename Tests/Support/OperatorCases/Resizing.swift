import Graphs
import Tensors

extension OperatorCase {
  /// Cases of Resize: maps along one axis written out by hand, and position embeddings as exports interpolate them.
  package static let resizing: [OperatorCase] = [
    OperatorCase(
      "nearest, asymmetric, twice as wide", "Resize",
      inputs: [.normal([2, 3]), nil, .of([1, 2])],
      attributes: [
        Attribute("coordinate_transformation_mode", "asymmetric"), Attribute("nearest_mode", "floor"),
      ], gradient: .none("Float scales exist in Float64 cases only as Float64")
    ) { inputs in .make([2, 6]) { inputs[0]([$0[0], $0[1] / 2]) } },
    OperatorCase(
      "linear, half pixel, to twice the size", "Resize",
      inputs: [.normal([1, 1, 2, 3]), nil, nil, .integers([1, 1, 4, 6])],
      attributes: [Attribute("mode", "linear")],
      tolerance: .relativeToLargest(1e-6, reason: "four products per element")
    ) { inputs in
      // Centres of results lie a quarter pixel beside those of the operand.
      func mix(_ position: Int, _ extent: Int) -> [(Int, Double)] {
        let near = position / 2
        let far = min(max(position % 2 == 0 ? near - 1 : near + 1, 0), extent - 1)
        return [(near, 0.75), (far, 0.25)]
      }
      return .make([1, 1, 4, 6]) { place in
        mix(place[2], 2).reduce(0) { sum, row in
          mix(place[3], 3).reduce(sum) { $0 + row.1 * $1.1 * inputs[0]([0, 0, row.0, $1.0]) }
        }
      }
    },
    OperatorCase(
      "linear, corners aligned", "Resize", inputs: [.normal([1, 3]), nil, nil, .integers([1, 5])],
      attributes: [
        Attribute("mode", "linear"), Attribute("coordinate_transformation_mode", "align_corners"),
      ],
      tolerance: .relativeToLargest(1e-6, reason: "two products per element")
    ) { inputs in
      let x = inputs[0].values
      return .of([x[0], (x[0] + x[1]) / 2, x[1], (x[1] + x[2]) / 2, x[2]], [1, 5])
    },
    OperatorCase(
      "cubic, corners aligned", "Resize", inputs: [.normal([1, 5]), nil, nil, .integers([1, 9])],
      attributes: [Attribute("mode", "cubic"), Attribute("coordinate_transformation_mode", "align_corners")],
      tolerance: .relativeToLargest(1e-6, reason: "four products per element")
    ) { inputs in
      let x = inputs[0].values
      func at(_ index: Int) -> Double { x[min(max(index, 0), 4)] }
      // Halfway between two elements the cubic with a = −0.75 weighs neighbours −3/32, 19/32, 19/32, −3/32.
      return .of(
        (0..<9).map { position in
          let left = position / 2
          guard position % 2 == 1 else { return at(left) }
          return (19 * (at(left) + at(left + 1)) - 3 * (at(left - 1) + at(left + 2))) / 32
        }, [1, 9])
    },
    OperatorCase(
      "antialiased linear, to half the size", "Resize",
      inputs: [.normal([1, 8]), nil, nil, .integers([1, 4])],
      attributes: [
        Attribute("mode", "linear"), Attribute("antialias", 1), Attribute("exclude_outside", 1),
      ], tolerance: .relativeToLargest(1e-6, reason: "four products per element")
    ) { inputs in
      let x = inputs[0].values
      return .of(
        (0..<4).map { position in
          // A triangle of width two around 2 · position + 1/2: weights 1, 3, 3, 1, those outside left out.
          let taps = zip(2 * position - 1...2 * position + 2, [1.0, 3, 3, 1]).filter {
            x.indices.contains($0.0)
          }
          return taps.reduce(0) { $0 + $1.1 * x[$1.0] } / taps.reduce(0) { $0 + $1.1 }
        }, [1, 4])
    },
    OperatorCase(
      "a region, reaching beyond the map", "Resize",
      inputs: [.normal([1, 5]), .of([0, 0.25, 1, 1.5]), nil, .integers([1, 6])],
      attributes: [
        Attribute("mode", "linear"), Attribute("coordinate_transformation_mode", "tf_crop_and_resize"),
        Attribute("extrapolation_value", Float(7)),
      ],
      tolerance: .relativeToLargest(1e-6, reason: "two products per element"),
      frozenOperands: [1]
    ) { inputs in
      // From 0.25 · 4 = 1 to 1.5 · 4 = 6 in five steps of one element.
      let x = inputs[0].values
      return .of([x[1], x[2], x[3], x[4], 7, 7], [1, 6])
    },
    OperatorCase(
      "a region, nearest, one result", "Resize",
      inputs: [.normal([4, 5]), .of([0.5, 1]), nil, .integers([1])],
      attributes: [
        Attribute("coordinate_transformation_mode", "tf_crop_and_resize"), Attribute("axes", [1]),
      ], gradient: .none("the region's bounds have none")
    ) { inputs in .make([4, 1]) { inputs[0]([$0[0], 3]) } },
    OperatorCase(
      "nearest, twice as wide", "Upsample", version: 9, inputs: [.normal([2, 3]), .of([1, 2])],
      gradient: .none("Float scales exist in Float64 cases only as Float64")
    ) { inputs in .make([2, 6]) { inputs[0]([$0[0], $0[1] / 2]) } },
    OperatorCase(
      "linear, scales as attribute", "Upsample", version: 7, inputs: [.normal([1, 3])],
      attributes: [Attribute("mode", "linear"), Attribute("scales", .floats([1, 2]))],
      tolerance: .relativeToLargest(1e-6, reason: "two products per element")
    ) { inputs in
      let x = inputs[0].values
      return .of([x[0], (x[0] + x[1]) / 2, x[1], (x[1] + x[2]) / 2, x[2], x[2]], [1, 6])
    },
  ]
}
