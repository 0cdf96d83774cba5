import Graphs
import Tensors

extension OperatorCase {
  /// Cases of the operators in Sources/Operators/Indexing.
  package static let indexing: [OperatorCase] = [
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
}
