import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Indexing.
  package static let indexing: [OperatorCase] = movementCases + orderCases + samplingCases

  private static let movementCases: [OperatorCase] = [
    OperatorCase(
      "the class token", "Gather", inputs: [.normal([2, 5, 3]), .integers([0], [])],
      attributes: [Attribute("axis", 1)]
    ) { inputs in .make([2, 3]) { inputs[0]([$0[0], 0, $0[1]]) } },
    OperatorCase("one query of three", "Gather", inputs: [.normal([3, 2, 4]), .integers([-2], [])]) {
      inputs in
      .make([2, 4]) { inputs[0]([1, $0[0], $0[1]]) }
    },
    OperatorCase(
      "repeated and negative indices", "Gather",
      inputs: [.normal([2, 4, 3]), .integers([1, -1, 1, 0], [2, 2], .int32)],
      attributes: [Attribute("axis", -2)]
    ) { inputs in
      .make([2, 2, 2, 3]) { inputs[0]([$0[0], [1, 3, 1, 0][2 * $0[1] + $0[2]], $0[3]]) }
    },
    OperatorCase(
      "rows and elements", "GatherND",
      inputs: [.normal([3, 4, 2]), .integers([0, 1, -1, 2, 0, 1], [3, 2])]
    ) { inputs in .make([3, 2]) { inputs[0]([[0, 2, 0][$0[0]], [1, 2, 1][$0[0]], $0[1]]) } },
    OperatorCase(
      "within a batch", "GatherND", inputs: [.normal([2, 3, 2]), .integers([2, 0], [2, 1])],
      attributes: [Attribute("batch_dims", 1)], gradient: .none("not implemented within a batch")
    ) { inputs in .make([2, 2]) { inputs[0]([$0[0], [2, 0][$0[0]], $0[1]]) } },
    OperatorCase(
      "along the first axis", "GatherElements",
      inputs: [.normal([3, 3]), .integers([1, 2, 0, -1, 0, 0], [2, 3])]
    ) { inputs in .make([2, 3]) { inputs[0]([[1, 2, 0, 2, 0, 0][3 * $0[0] + $0[1]], $0[1]]) } },
    OperatorCase(
      "replaced rows", "ScatterND",
      inputs: [.normal([4, 3]), .integers([2, 0], [2, 1]), .normal([2, 3], seed: 2)]
    ) { inputs in
      .make([4, 3]) {
        $0[0] == 2 ? inputs[2]([0, $0[1]]) : $0[0] == 0 ? inputs[2]([1, $0[1]]) : inputs[0]($0)
      }
    },
    OperatorCase(
      "added twice to one element", "ScatterND",
      inputs: [.normal([2, 3]), .integers([1, 2, 1, 2], [2, 2]), .normal([2], seed: 2)],
      attributes: [Attribute("reduction", "add")], tolerance: .ulp(2)
    ) { inputs in
      .make([2, 3]) {
        $0 == [1, 2] ? inputs[0]($0) + inputs[2].values[0] + inputs[2].values[1] : inputs[0]($0)
      }
    },
    OperatorCase(
      "largest of integers", "ScatterND",
      inputs: [.integers([1, 5, 3]), .integers([0, 1, 0], [3, 1]), .integers([4, 2, 7])],
      attributes: [Attribute("reduction", "max")], gradient: .none("integers have no gradient")
    ) { _ in .integers([7, 5, 3]) },
    OperatorCase(
      "replaced elements", "ScatterElements",
      inputs: [.normal([2, 3]), .integers([2, 0], [2, 1]), .normal([2, 1], seed: 2)],
      attributes: [Attribute("axis", 1)]
    ) { inputs in
      .make([2, 3]) { $0[1] == [2, 0][$0[0]] ? inputs[2]([$0[0], 0]) : inputs[0]($0) }
    },
    OperatorCase(
      "added elements", "ScatterElements",
      inputs: [.normal([3]), .integers([1, 1]), .normal([2], seed: 2)],
      attributes: [Attribute("reduction", "add")], tolerance: .ulp(2)
    ) { inputs in
      let (x, u) = (inputs[0].values, inputs[2].values)
      return .of([x[0], x[1] + u[0] + u[1], x[2]])
    },
    OperatorCase(
      "classes behind the batch", "OneHot",
      inputs: [.integers([0, -1, 9], [3]), .integers([3], []), .integers([0, 5])],
      attributes: [Attribute("axis", 0)], gradient: .none("integers have no gradient")
    ) { _ in .integers([5, 0, 0, 0, 0, 0, 0, 5, 0], [3, 3]) },
  ]

  @OperatorCaseList private static var orderCases: [OperatorCase] {
    for (isUpper, k) in [
      (true, nil), (false, nil), (true, 1), (false, -1), (true, -5), (false, 7), (true, 7),
    ] {
      OperatorCase(
        "\(isUpper ? "upper" : "lower"), \(k.map(String.init) ?? "main diagonal")", "Trilu",
        inputs: [.normal([2, 3, 4]), k.map { .integers([$0], []) }],
        attributes: [Attribute("upper", isUpper ? 1 : 0)]
      ) { inputs in
        .make([2, 3, 4]) { place in
          let column = place[2] - (k ?? 0)
          return (isUpper ? column >= place[1] : column <= place[1]) ? inputs[0](place) : 0
        }
      }
    }
    OperatorCase("truth values", "Trilu", inputs: [.booleans([true, true, true, true], [2, 2])]) { _ in
      .booleans([true, true, false, true], [2, 2])
    }
    for (exclusive, reverse) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
      for axis in [0, 1, -1] {
        OperatorCase(
          "axis \(axis), exclusive \(exclusive), reverse \(reverse)", "CumSum",
          inputs: [.normal([2, 3, 4]), .integers([axis], [], .int32)],
          attributes: [Attribute("exclusive", exclusive), Attribute("reverse", reverse)],
          tolerance: .relativeToLargest(1e-6, reason: "a sum of four numbers")
        ) { inputs in
          let along = axis < 0 ? axis + 3 : axis
          return .make([2, 3, 4]) { place in
            let all = 0..<[2, 3, 4][along]
            let counted = all.filter {
              $0 == place[along] ? exclusive == 0 : ($0 < place[along]) == (reverse == 0)
            }
            return counted.reduce(0.0) { sum, position in
              var source = place
              source[along] = position
              return sum + inputs[0](source)
            }
          }
        }
      }
    }
    OperatorCase("int64", "CumSum", inputs: [.integers([1, 2, 3]), .integers([0], [])]) { _ in
      .integers([1, 3, 6])
    }
    for (isLargest, axis) in [(true, 1), (false, -1), (true, 0)] {
      OperatorCase(
        "\(isLargest ? "largest" : "smallest") along \(axis)", OperatorName("TopK"),
        inputs: [.normal([4, 5]), .integers([3])],
        attributes: [Attribute("axis", axis), Attribute("largest", isLargest ? 1 : 0)], outputCount: 2
      ) { inputs in
        let along = axis < 0 ? axis + 2 : axis
        func order(_ place: [Int]) -> [Int] {
          func value(_ position: Int) -> Double {
            inputs[0](along == 0 ? [position, place[1]] : [place[0], position])
          }
          return (0..<[4, 5][along]).sorted { isLargest ? value($0) > value($1) : value($0) < value($1) }
        }
        let shape: Shape = along == 0 ? [3, 5] : [4, 3]
        let positions = ReferenceTensor.make(shape, .int64) { Double(order($0)[$0[along]]) }
        let values = ReferenceTensor.make(shape) { place in
          let position = Int(positions(place))
          return inputs[0](along == 0 ? [position, place[1]] : [place[0], position])
        }
        return [values, positions]
      }
    }
    OperatorCase(
      "equal elements and what is no number, as attribute", OperatorName("TopK"), version: 9,
      inputs: [.of([2, 3, .nan, 3])], attributes: [Attribute("k", 3)], outputCount: 2, gradient: .none("NaN")
    ) { _ in [.of([.nan, 3, 3]), .integers([2, 1, 3])] }
    OperatorCase(
      "uint8, smallest", OperatorName("TopK"), inputs: [.integers([9, 2, 5], nil, .uint8), .integers([1])],
      attributes: [Attribute("largest", 0)], outputCount: 2
    ) { _ in [.integers([2], nil, .uint8), .integers([1])] }
    OperatorCase(
      "a matrix", "NonZero", inputs: [.of([1, 0, 0, 2, .nan, 0], [2, 3])], gradient: .none("positions")
    ) { _ in .integers([0, 1, 1, 0, 0, 1], [2, 3]) }
    OperatorCase("truth values", "NonZero", inputs: [.booleans([false, true, true])]) { _ in
      .integers([1, 2], [1, 2])
    }
    OperatorCase("a scalar", "NonZero", inputs: [.integers([3], [])]) { _ in .integers([], [0, 1]) }
    OperatorCase(
      "two classes", "NonMaxSuppression",
      inputs: [
        .of([0, 0, 2, 2, 0, 0.5, 2, 2.5, 5, 5, 7, 7], [1, 3, 4]),
        .of([0.5, 0.9, 0.1, 0.8, 0.8, 0.05], [1, 2, 3]),
        .integers([2], []), .of([0.5], []), .of([0.07], []),
      ], gradient: .none("positions")
    ) { _ in
      // The first two overlap by 3 of 5: the better one stays, of equal ones the first.
      .integers([0, 0, 1, 0, 0, 2, 0, 1, 0], [3, 3])
    }
    OperatorCase(
      "middles and sizes, one of each", "NonMaxSuppression",
      inputs: [.of([1, 1, 2, 2, 4, 4, 1, 1], [1, 2, 4]), .of([0.2, 0.3], [1, 1, 2]), .integers([1], [])],
      attributes: [Attribute("center_point_box", 1)], gradient: .none("positions")
    ) { _ in .integers([0, 0, 1], [1, 3]) }
  }

  @OperatorCaseList private static var samplingCases: [OperatorCase] {
    for alignsCorners in [false, true] {
      OperatorCase(
        "linear, zeros outside, corners \(alignsCorners)", "GridSample",
        inputs: [.normal([2, 3, 4, 5]), .uniform([2, 3, 2, 2], in: -1.25...1.25, seed: 4)],
        attributes: [Attribute("align_corners", alignsCorners ? 1 : 0)],
        tolerance: .relativeToLargest(3e-6, reason: "places in Float, four products")
      ) { inputs in .make([2, 3, 3, 2]) { tent(inputs, $0, alignsCorners) } }
    }
    OperatorCase(
      "linear, maps of three axes", "GridSample",
      inputs: [.normal([1, 2, 3, 4, 2]), .uniform([1, 2, 1, 3, 3], in: -1.25...1.25, seed: 5)],
      tolerance: .relativeToLargest(3e-6, reason: "places in Float, eight products")
    ) { inputs in .make([1, 2, 2, 1, 3]) { tent(inputs, $0, false) } }
    OperatorCase(
      "nearest, the border outside", "GridSample", version: 16,
      inputs: [.normal([1, 1, 3, 3]), .of([-2, -2, 0.1, -0.1, 0.9, 5, .nan, 0], [1, 1, 4, 2])],
      attributes: [Attribute("mode", "nearest"), Attribute("padding_mode", "border")],
      gradient: .none("NaN")
    ) { inputs in
      let x = inputs[0].values
      return .of([x[0], x[4], x[8], x[3]], [1, 1, 1, 4])
    }
    OperatorCase(
      "mirrored", "GridSample", inputs: [.normal([1, 1, 1, 4]), .of([-1.5, 0, 1.25, 0], [1, 1, 2, 2])],
      attributes: [Attribute("mode", "nearest"), Attribute("padding_mode", "reflection")],
      gradient: .none("places between two elements")
    ) { inputs in
      // −1.5 stands for place −1.5, the even −2, mirrored at −0.5: 1. 1.25 stands for 4, mirrored at 3.5: 3.
      .of([inputs[0].values[1], inputs[0].values[3]], [1, 1, 1, 2])
    }
    for isHalfPixel in [true, false] {
      for samples in [0, 3] {
        OperatorCase(
          "a plane, \(samples) samples, half pixel \(isHalfPixel)", "RoiAlign",
          inputs: [
            .make([2, 1, 8, 9]) { plane(Double($0[0]), Double($0[2]), Double($0[3])) },
            .of([2, 1, 6, 5, 1.5, 2, 4.5, 7], [2, 4]), .integers([1, 0]),
          ],
          attributes: [
            Attribute("output_height", 2), Attribute("output_width", 3), Attribute("sampling_ratio", samples),
            Attribute("spatial_scale", Float(0.75)),
            Attribute("coordinate_transformation_mode", isHalfPixel ? "half_pixel" : "output_half_pixel"),
          ],
          tolerance: .relativeToLargest(1e-6, reason: "means of some products"), frozenOperands: [1]
        ) { inputs in
          // The mean of a plane over a bin is its value in the middle of the bin.
          let (rois, images) = (inputs[1].values, inputs[2].values)
          let offset = isHalfPixel ? 0.5 : 0
          return .make([2, 1, 2, 3]) { place in
            let corners = (0..<4).map { rois[4 * place[0] + $0] * 0.75 - offset }
            let h = corners[1] + (corners[3] - corners[1]) / 2 * (Double(place[2]) + 0.5)
            let w = corners[0] + (corners[2] - corners[0]) / 3 * (Double(place[3]) + 0.5)
            return plane(images[place[0]], h, w)
          }
        }
      }
    }
    OperatorCase(
      "the largest corner, a region without the map", "RoiAlign",
      inputs: [
        .of([1, 2, 3, 4], [1, 1, 2, 2]), .of([0, 0, 2, 2, 50, 50, 60, 60], [2, 4]), .integers([0, 0]),
      ],
      attributes: [Attribute("mode", "max"), Attribute("sampling_ratio", 1)],
      gradient: .none("the largest has no gradient")
    ) { _ in .of([1, 0], [2, 1, 1, 1]) }
  }

  private static func plane(_ image: Double, _ h: Double, _ w: Double) -> Double {
    image - 0.5 * h + 0.25 * w
  }

  /// Every element of the map, by how close it is along all axes.
  private static func tent(_ inputs: [ReferenceTensor], _ place: [Int], _ alignsCorners: Bool) -> Double {
    let extents = Array(inputs[0].shape.extents[2...])
    let spots = extents.indices.map { axis -> Double in
      let number = inputs[1]([place[0]] + place[2...] + [extents.count - 1 - axis])
      let extent = Double(extents[axis])
      return alignsCorners ? (number + 1) / 2 * (extent - 1) : ((number + 1) * extent - 1) / 2
    }
    return ReferenceTensor.coordinates(of: Shape(extents)).reduce(0.0) { sum, source in
      let weight = zip(source, spots).reduce(1.0) { $0 * max(0, 1 - abs(Double($1.0) - $1.1)) }
      return sum + weight * inputs[0](place[..<2] + source)
    }
  }
}
