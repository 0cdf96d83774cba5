package import TensorFiles
package import Tensors

/// What measuring a model on images came to, whatever its task.
public protocol TaskMetrics: Sendable {
  /// How good it is: larger is better, number by number.
  var score: [Double] { get }
  /// Mean loss.
  var loss: Double { get }
  /// The figure that stands for all: a share, with its name as results have it.
  var headline: (name: String, value: Double) { get }
}

/// Metrics that results show.
package protocol PresentedMetrics: TaskMetrics {
  /// All of it, under the names that scripts read.
  var json: JSONObject { get }
  /// What people read.
  var presentation: MetricsPresentation { get }
  /// Counts over these images and those of other measurements of the same kind; nil where nothing adds up.
  func pooled(with others: [any PresentedMetrics]) -> PooledFigures?
  /// A row of figures per image under the names of the columns; nil where there are none.
  var imageTable: [[String]]? { get }
}

extension PresentedMetrics {
  package var imageTable: [[String]]? { nil }
  package func pooled(with others: [any PresentedMetrics]) -> PooledFigures? { nil }
}

/// What follows from counts over the images of several measurements.
package struct PooledFigures: Sendable {
  /// All of it, under the names that scripts read.
  package let json: JSONObject
  /// The counts as a table with its heads; nil where it is too large to read.
  package let table: (columns: [String], rows: [[String]])?

  /// Figures for scripts, and a table.
  package init(json: JSONObject, table: (columns: [String], rows: [[String]])?) {
    (self.json, self.table) = (json, table)
  }
}

/// Metrics for people: figures line by line, then a table where it is small enough to read.
package struct MetricsPresentation: Sendable {
  /// A figure as it is meant.
  package enum Figure: Sendable, Equatable {
    /// So many things.
    case count(Int)
    /// A share from 0 to 1.
    case share(Double)
    /// A number, and words about it.
    case number(Double, remark: String)
    /// Words.
    case text(String)
  }

  /// Figures with their names, the most telling first.
  package var figures: [(name: String, figure: Figure)]
  /// A table with its heads; nil where there is none.
  package var table: (columns: [String], rows: [[String]])?

  /// Figures, and a table.
  package init(
    _ figures: [(name: String, figure: Figure)], table: (columns: [String], rows: [[String]])? = nil
  ) {
    (self.figures, self.table) = (figures, table)
  }
}

/// Figures that grow with every batch while training goes on.
package protocol RunningFigures: Sendable {
  /// Adds what the network delivered for some images, before the update, and their targets.
  mutating func add(_ output: Tensor, _ targets: Tensor)
  /// The figures so far, shares by name.
  var values: [(name: String, value: Double)] { get }
}

extension [Double] {
  /// Whether a score is better than another one: the first number that differs decides.
  package func isBetter(than other: [Double]) -> Bool {
    for (mine, theirs) in zip(self, other) where mine != theirs { return mine > theirs }
    return false
  }
}

/// The share of images whose most probable class is the right one.
package struct RunningAccuracy: RunningFigures {
  private var correct = 0
  private var images = 0

  /// No image yet.
  package init() {}

  package mutating func add(_ output: Tensor, _ targets: Tensor) {
    let scores = output.elements(of: Float.self)
    let labels = targets.elements(of: Int64.self)
    guard !labels.isEmpty else { return }
    let classes = scores.count / labels.count
    images += labels.count
    correct += labels.indices.count { index in
      let row = scores[index * classes..<(index + 1) * classes].map(Double.init)
      return ClassificationMetrics.largest(row) == Int(labels[index])
    }
  }

  package var values: [(name: String, value: Double)] {
    [("accuracy", Double(correct) / Double(max(images, 1)))]
  }
}
