package import Graphs
package import Kernels
import Tensors

/// `MaxPool` of maps whose channels lie side by side (domain dka.fused).
///
/// Shapes: X [B, H, W, C] → Y [B, OH, OW, C]; every window has an element of the map. The gradient is that of `MaxPool`.
package struct ChannelsLastMaxPool: Decomposable {
  package static let schema = OperatorSchema(
    "ChannelsLastMaxPool", domain: "dka.fused", versions: 1..., inputs: ["X"], outputs: ["Y"])

  private let form: PoolingForm

  /// What a pooling does with maps [B, C, H, W]; nil where it does more, or windows lie outside the map.
  package init?(_ pooling: MaxPool, _ inputs: InputTypes, resultCount: Int) {
    form = pooling.form
    guard resultCount == 1, inputs[0].elementType == .float32, inputs[0].shape.rank == 4,
      let geometry = try? form.geometry(inputs[0].shape).geometry, geometry.windowsMeetMap
    else { return nil }
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    form = try PoolingForm(reading: node)
  }

  package var attributes: [Attribute] { form.attributes }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try inputs.require(0, isOneOf: [.float32, .float64])
    let (geometry, shape) = try form.geometry(try MapAxes.channelsFirst(inputs[0].shape))
    guard geometry.windowsMeetMap else { throw .invalid("a window lies outside the map") }
    return [ValueType(inputs[0].elementType, MapAxes.channelsLast(shape))]
  }

  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    let shape = inputs[0].shape
    let geometry = try form.geometry(try MapAxes.channelsFirst(shape)).geometry
    return BoundKernel(inputs, .operations(geometry.operations)) { operands in
      ChannelsLastPooling.maximum(
        operands[0], geometry, batch: shape[0], channels: shape[3], into: operands.output(0), options)
    }
  }

  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    let slopes = try gradient.emit(Transpose(MapAxes.toChannelsFirst), [try site.gradient()])
    let maps = try gradient.emit(Transpose(MapAxes.toChannelsFirst), [site.inputs[0]])
    let result = try gradient.emit(MaxPoolGradient(form), [slopes, maps])
    return [try gradient.emit(Transpose(MapAxes.toChannelsLast), [result])]
  }

  package func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    let maps = try builder.emit(Transpose(MapAxes.toChannelsFirst), [node.inputs[0]])
    let result = try builder.emit(MaxPool(form), [maps])
    return [try builder.emit(Transpose(MapAxes.toChannelsLast), [result])]
  }
}

extension PoolingGeometry {
  /// Whether every window is sure to have an element of the map.
  fileprivate var windowsMeetMap: Bool {
    axes.allSatisfy { axis in
      axis.dilation <= axis.input && axis.before <= (axis.kernel - 1) * axis.dilation
        && (axis.output - 1) * axis.stride - axis.before < axis.input
    }
  }
}
