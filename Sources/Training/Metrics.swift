/// Figures of a classifier on labelled images: METHOD, section 3.
public struct ClassificationMetrics: Sendable {
  /// Number of images.
  public let images: Int
  /// Class names in index order.
  public let classes: [String]
  /// Counts; rows are the truth, columns the prediction.
  public let confusion: [[Int]]
  /// One-against-rest area under the ROC curve, averaged over the classes that occur; nil where only one does.
  public let auroc: Double?
  /// Mean cross-entropy, natural logarithm.
  public let loss: Double

  /// Figures from class probabilities.
  ///
  /// - Parameters:
  ///   - probabilities: one row per image, one column per class.
  ///   - labels: class index per image.
  ///   - classes: class names.
  package init(probabilities: [[Double]], labels: [Int], classes: [String]) {
    precondition(probabilities.count == labels.count, "one row of probabilities per label")
    var confusion = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    var loss = 0.0
    for (row, label) in zip(probabilities, labels) {
      confusion[label][ClassificationMetrics.largest(row)] += 1
      loss -= ClassificationMetrics.logarithm(max(row[label], 1e-300))
    }
    images = labels.count
    self.classes = classes
    self.confusion = confusion
    self.loss = labels.isEmpty ? 0 : loss / Double(labels.count)
    auroc = ClassificationMetrics.meanAreaUnderCurve(probabilities, labels, classCount: classes.count)
  }

  /// Share of images whose most probable class is the right one.
  public var accuracy: Double {
    guard images > 0 else { return 0 }
    return Double(classes.indices.reduce(0) { $0 + confusion[$1][$1] }) / Double(images)
  }

  /// Recall averaged over the classes that occur in the truth.
  public var macroRecall: Double {
    mean(
      classes.indices.compactMap { index in
        let actual = confusion[index].reduce(0, +)
        return actual == 0 ? nil : Double(confusion[index][index]) / Double(actual)
      })
  }

  /// F1 averaged over the classes that occur in truth or prediction.
  public var macroF1: Double {
    mean(
      classes.indices.compactMap { index in
        let actual = confusion[index].reduce(0, +)
        let predicted = confusion.reduce(0) { $0 + $1[index] }
        guard actual + predicted > 0 else { return nil }
        return 2 * Double(confusion[index][index]) / Double(actual + predicted)
      })
  }

  /// Index of the largest entry; the first of equal ones.
  package static func largest(_ row: [Double]) -> Int {
    var best = 0
    for index in row.indices where row[index] > row[best] { best = index }
    return best
  }

  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// Area under the ROC curve by the rank-sum statistic; ties count half (Hanley and McNeil 1982).
  private static func meanAreaUnderCurve(_ probabilities: [[Double]], _ labels: [Int], classCount: Int)
    -> Double?
  {
    var areas: [Double] = []
    for index in 0..<classCount {
      let positives = labels.count { $0 == index }
      let negatives = labels.count - positives
      guard positives > 0, negatives > 0 else { continue }
      let order = labels.indices.sorted { probabilities[$0][index] < probabilities[$1][index] }
      var rankSum = 0.0
      var start = 0
      while start < order.count {
        var end = start
        while end < order.count, probabilities[order[end]][index] == probabilities[order[start]][index] {
          end += 1
        }
        let rank = Double(start + end + 1) / 2
        rankSum += rank * Double(order[start..<end].count { labels[$0] == index })
        start = end
      }
      let smallest = Double(positives * (positives + 1)) / 2
      areas.append((rankSum - smallest) / (Double(positives) * Double(negatives)))
    }
    return areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count)
  }
}
