/// ArgMax (ai.onnx 1…): where the largest element stands along an axis.
///
///     y[a…, b…] = the first i with x[a…, i, b…] largest, with `select_last_index` the last
///
/// An element that is no number counts as the largest. Shapes: data [a…, n, b…] → int64 [a…, 1, b…], or [a…, b…] without `keepdims`.
/// Source: onnx/docs/Operators.md#ArgMax.
struct ArgMax: PositionReduction {
  static let schema = OperatorSchema("ArgMax", versions: 1..., inputs: ["data"], outputs: ["reduced"])
  static let isLargest = true

  let form: PositionForm
}
