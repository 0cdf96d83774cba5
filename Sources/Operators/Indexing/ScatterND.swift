import Graphs
import Kernels
import Tensors

/// ScatterND (ai.onnx 11…): a copy of `data` in which the slices at the given coordinates are replaced or combined.
///
///     y = x;  y[indices[i…]] = updates[i…]          or +=, ·=, min=, max= (`reduction`, from 16 and 18)
///     reduction none or add: dupdates = dy[indices];  dx = dy, for none with zeros at the coordinates
///
/// Shapes: data [n…], indices [i…, k], updates [i…, n(k)…] → like data. Source: onnx/docs/Operators.md#ScatterND.
struct ScatterND: MemoryReusing {
  static let schema = OperatorSchema(
    "ScatterND", versions: 11..., inputs: ["data", "indices", "updates"], outputs: ["output"])

  private let reduction: ScatterReduction

  init(_ reduction: Indexing.Reduction = .none) { self.reduction = ScatterReduction(kernel: reduction) }

  init(reading node: AttributeReader) throws(OperatorError) {
    reduction = try ScatterReduction(reading: node)
  }

  var attributes: [Attribute] { reduction.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(1, isOneOf: [.int64])
    let (data, indices, updates) = (inputs[0].shape, inputs[1].shape, inputs[2].shape)
    guard inputs[0].elementType == inputs[2].elementType else {
      throw .invalid(
        "inputs 0 and 2 have element types \(inputs[0].elementType.name) and \(inputs[2].elementType.name)")
    }
    guard let depth = indices.extents.last, depth <= data.rank,
      updates.extents == indices.extents.dropLast() + data.extents[depth...]
    else { throw .invalid("can't put updates \(updates) at indices \(indices) of \(data)") }
    return [inputs[0]]
  }

  var reusableInputs: [Int] { [0] }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let data = inputs[0].shape
    let run = data.product(inputs[1].shape[-1]..<data.rank)
    let kernel = reduction.kernel
    return BoundKernel(inputs, reduction.work(on: inputs[2])) { operands throws(OperatorError) in
      guard operands[2].count > 0 else { return DataMovement.copy(operands[0], into: operands.output(0)) }
      let starts = try operands[1].starts(in: data)
      DataMovement.copy(operands[0], into: operands.output(0))
      Indexing.scatter(operands[2], starts, run: run, into: operands.output(0), kernel)
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard reduction.kernel == .none || reduction.kernel == .add else {
      throw OperatorError(.notDifferentiable, "ScatterND has a gradient for reduction none and add only")
    }
    let dY = try site.gradient()
    var dX: String?
    if site.needs(0) {
      dX =
        reduction.kernel == .add
        ? dY
        : try gradient.emit(ScatterND(), [dY, site.inputs[1], try gradient.zeros(like: site.inputs[2])])
    }
    return [dX, nil, site.needs(2) ? try gradient.emit(GatherND(), [dY, site.inputs[1]]) : nil]
  }
}

/// The `reduction` attribute of the scatter operators.
struct ScatterReduction {
  let kernel: Indexing.Reduction
  /// What the kernels are called in files, `max` and `min` from version 18 on.
  private static let names: [(name: String, kernel: Indexing.Reduction)] = [
    ("none", .none), ("add", .add), ("mul", .multiply), ("max", .maximum), ("min", .minimum),
  ]

  init(kernel: Indexing.Reduction) { self.kernel = kernel }

  init(reading node: AttributeReader) throws(OperatorError) {
    let count = node.version >= 18 ? 5 : node.version >= 16 ? 3 : 1
    let name = try node.text("reduction", oneOf: Self.names.prefix(count).map(\.name))
    kernel = Self.names.first { $0.name == name }?.kernel ?? .none
  }

  var attributes: [Attribute] {
    Self.names.filter { $0.kernel == kernel }.map { Attribute("reduction", $0.name) }
  }

  /// One operation per update, except where updates replace elements.
  func work(on updates: ValueType) -> BoundKernel.Work {
    kernel == .none ? .withoutArithmetic : .operations(updates.shape.elementCount)
  }
}

extension TensorView {
  /// First element of the slice that each row of coordinates names, in a tensor of the given shape.
  ///
  /// - Parameter batchAxes: leading axes that indices and data share.
  func starts(in data: Shape, batchAxes: Int = 0) throws(OperatorError) -> [Int] {
    let depth = shape[-1]
    let strides = data.strides
    let rows = depth == 0 ? shape.product(0..<(shape.rank - 1)) : count / depth
    let coordinates = tensor.integers ?? []
    let perBatch = max(rows / max(shape.product(0..<batchAxes), 1), 1)
    let batchStep = data.product(batchAxes..<data.rank)
    var starts: [Int] = []
    starts.reserveCapacity(rows)
    for row in 0..<rows {
      var start = row / perBatch * batchStep
      for axis in 0..<depth {
        let extent = data.extents[batchAxes + axis]
        let given = coordinates[row * depth + axis]
        guard given >= -extent, given < extent else {
          throw .invalid("index \(given) is out of range for an extent of \(extent)")
        }
        start += (given < 0 ? given + extent : given) * strides[batchAxes + axis]
      }
      starts.append(start)
    }
    return starts
  }
}
