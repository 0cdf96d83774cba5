import Operators

/// Time per node, summed over the runs that a session was asked to measure.
package final class Profile {
  /// Seconds per node of the plan.
  package private(set) var seconds: [Double]
  /// Number of runs measured.
  package private(set) var runs = 0

  /// An empty profile of a plan.
  package init(of plan: Plan) { seconds = [Double](repeating: 0, count: plan.graph.nodes.count) }

  func add(_ duration: Duration, node: Int) {
    let (whole, fraction) = duration.components
    seconds[node] += Double(whole) + Double(fraction) * 1e-18
    if node == 0 { runs += 1 }
  }
}
