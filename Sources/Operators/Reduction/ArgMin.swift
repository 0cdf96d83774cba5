/// ArgMin (ai.onnx 1…): where the smallest element stands along an axis.
///
///     y[a…, b…] = the first i with x[a…, i, b…] smallest, with `select_last_index` the last
///
/// An element that is no number counts as the smallest. Shapes: data [a…, n, b…] → int64 [a…, 1, b…], or [a…, b…] without `keepdims`.
/// Source: onnx/docs/Operators.md#ArgMin.
struct ArgMin: PositionReduction {
  static let schema = OperatorSchema("ArgMin", versions: 1..., inputs: ["data"], outputs: ["reduced"])
  static let isLargest = false

  let form: PositionForm
}
