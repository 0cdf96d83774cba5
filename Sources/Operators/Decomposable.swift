/// An internal operator that standard ONNX operators can express.
package protocol Decomposable: Operator {
  /// Emits standard operators that compute the node's results, and returns the names of these results.
  ///
  /// An empty name stands for a result that the node does not name.
  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
}
