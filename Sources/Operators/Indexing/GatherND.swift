import Graphs
import Kernels
import Tensors

/// GatherND (ai.onnx 11…): the slices at the coordinates that an integer tensor lists.
///
///     y[i…] = x[indices[i…]], within each of the first `batch_dims` axes apart
///
/// Shapes: data [b…, n…], indices [b…, i…, k] → [b…, i…, n(k)…]. Source: onnx/docs/Operators.md#GatherND.
struct GatherND: Operator {
  static let schema = OperatorSchema(
    "GatherND", versions: 11..., inputs: ["data", "indices"], outputs: ["output"])

  let batchAxes: Int

  init(batchAxes: Int = 0) { self.batchAxes = batchAxes }

  init(reading node: AttributeReader) throws(OperatorError) {
    batchAxes = node.version >= 12 ? try node.int("batch_dims", default: 0) : 0
  }

  var attributes: [Attribute] { [Attribute("batch_dims", batchAxes)] }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(1, isOneOf: [.int64])
    let (data, indices) = (inputs[0].shape, inputs[1].shape)
    guard let depth = indices.extents.last, batchAxes >= 0, batchAxes < indices.rank,
      batchAxes <= data.rank, depth <= data.rank - batchAxes,
      data.extents[..<batchAxes] == indices.extents[..<batchAxes],
      let shape = Shape(
        checking: Array(indices.extents.dropLast()) + Array(data.extents[(batchAxes + depth)...]))
    else { throw .invalid("can't take indices \(indices) of \(data) with \(batchAxes) batch axes") }
    return [ValueType(inputs[0].elementType, shape)]
  }

  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let data = inputs[0].shape
    let run = data.product((batchAxes + inputs[1].shape[-1])..<data.rank)
    return BoundKernel(inputs, .movement) { operands throws(OperatorError) in
      let starts = try operands[1].starts(in: data, batchAxes: batchAxes)
      Indexing.gather(operands[0], starts, run: run, into: operands.output(0))
    }
  }

  func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    guard batchAxes == 0 else {
      throw OperatorError(.notDifferentiable, "GatherND has no gradient with batch_dims \(batchAxes)")
    }
    let zeros = try gradient.zeros(like: site.inputs[0])
    return [try gradient.emit(ScatterND(.add), [zeros, site.inputs[1], try site.gradient()]), nil]
  }
}
