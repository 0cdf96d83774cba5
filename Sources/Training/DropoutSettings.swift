import Graphs
import Operators
import Tensors

/// Dropout that exists in training alone: the exported graph does not have it.
package struct DropoutSettings: Sendable {
  /// A value of the model behind which a share of the numbers is set to zero.
  package struct Point: Sendable {
    let value: String
    let share: Double

    /// A value and a share.
    package init(value: String, share: Double) { (self.value, self.share) = (value, share) }
  }

  /// Where numbers are dropped, in the order of the network.
  package var points: [Point]

  /// Dropout behind some values.
  package init(_ points: [Point]) { self.points = points }

  /// Name of the input that holds one seed per image.
  package static let seeds = "training/dropout_seeds"

  /// The graph with dropout behind the values, and the seeds as a further input.
  func inserted(into graph: LoweredGraph, images: Int) throws(OperatorError) -> LoweredGraph {
    var graph = graph
    graph.types[DropoutSettings.seeds] = ValueType(.int64, Shape([images]))
    graph.inputs.append(DropoutSettings.seeds)
    for (stream, point) in points.enumerated() {
      let value = point.value
      guard let type = graph.types[value],
        let maker = graph.nodes.firstIndex(where: { $0.outputs.contains(value) })
      else { throw .invalid("dropout is wanted behind '\(value)', which the graph does not have") }
      let dropped = "training/dropped/\(value)"
      graph.types[dropped] = type
      for index in graph.nodes.indices where index > maker {
        graph.nodes[index].inputs = graph.nodes[index].inputs.map { $0 == value ? dropped : $0 }
      }
      let operation = try TrainingDropout(ratio: Float(point.share), stream: stream)
      graph.nodes.insert(
        LoweredNode(operation, [value, DropoutSettings.seeds], outputs: [dropped]), at: maker + 1)
    }
    return graph
  }
}
