/// Figures of a classifier on labelled images: METHOD, section 3.
public struct ClassificationMetrics: Sendable {
  /// Figures of one class against the others; nil where no image lets them be told.
  public struct ClassFigures: Sendable, Equatable {
    /// The class.
    public let name: String
    /// Images whose true class it is.
    public let images: Int
    /// Share of its images that were predicted as it: recall.
    public let sensitivity: Double?
    /// Share of the other images that were predicted as others.
    public let specificity: Double?
    /// Share of the predictions of it that were right.
    public let precision: Double?
    /// Harmonic mean of precision and sensitivity; nil where it occurs neither in truth nor in prediction.
    public let f1: Double?
    /// Area under its ROC curve against the rest; nil without an image of it, or of any other class.
    public let auroc: Double?
  }

  /// Number of images.
  public let images: Int
  /// Class names in index order.
  public let classes: [String]
  /// Counts; rows are the truth, columns the prediction.
  public let confusion: [[Int]]
  /// One-against-rest area under the ROC curve per class; nil where the images have none of it, or nothing else.
  public let areas: [Double?]
  /// Mean cross-entropy, natural logarithm.
  public let loss: Double

  /// Figures from class probabilities, which are finite numbers.
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
    areas = classes.indices.map { index in
      ClassificationMetrics.areaUnderCurve(of: index, probabilities, labels)
    }
  }

  /// The areas under the ROC curves, averaged over the classes that have one; nil where none has.
  public var auroc: Double? {
    let defined = areas.compactMap { $0 }
    return defined.isEmpty ? nil : mean(defined)
  }

  /// Classes whose area under the ROC curve is undefined: no image of them, or no other.
  public var classesWithoutArea: [String] { zip(classes, areas).filter { $0.1 == nil }.map(\.0) }

  /// Figures per class, in index order.
  public var perClass: [ClassFigures] {
    classes.indices.map { index in
      let actual = confusion[index].reduce(0, +)
      let predicted = confusion.reduce(0) { $0 + $1[index] }
      let right = confusion[index][index]
      func share(_ part: Int, of whole: Int) -> Double? {
        whole == 0 ? nil : Double(part) / Double(whole)
      }
      return ClassFigures(
        name: classes[index], images: actual, sensitivity: share(right, of: actual),
        specificity: share(images - actual - predicted + right, of: images - actual),
        precision: share(right, of: predicted), f1: share(2 * right, of: actual + predicted),
        auroc: areas[index])
    }
  }

  /// Classes that occur neither in truth nor in prediction, which the means of recall and F1 leave out.
  public var absentClasses: [String] { perClass.filter { $0.f1 == nil }.map(\.name) }

  /// Share of images whose most probable class is the right one.
  public var accuracy: Double {
    guard images > 0 else { return 0 }
    return Double(classes.indices.reduce(0) { $0 + confusion[$1][$1] }) / Double(images)
  }

  /// Recall averaged over the classes that occur in truth or prediction: 0 where only in the prediction.
  public var macroRecall: Double { mean(perClass.filter { $0.f1 != nil }.map { $0.sensitivity ?? 0 }) }

  /// F1 averaged over the classes that occur in truth or prediction.
  public var macroF1: Double { mean(perClass.compactMap(\.f1)) }

  /// Index of the largest entry; the first of equal ones.
  package static func largest(_ row: [Double]) -> Int {
    var best = 0
    for index in row.indices where row[index] > row[best] { best = index }
    return best
  }

  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// Area under a class's ROC curve by the rank-sum statistic; ties count half (Hanley and McNeil 1982).
  private static func areaUnderCurve(of index: Int, _ probabilities: [[Double]], _ labels: [Int]) -> Double? {
    let positives = labels.count { $0 == index }
    let negatives = labels.count - positives
    guard positives > 0, negatives > 0 else { return nil }
    let order = labels.indices.sorted { probabilities[$0][index] < probabilities[$1][index] }
    var rankSum = 0.0
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, probabilities[order[end]][index] == probabilities[order[start]][index] {
        end += 1
      }
      let rank = Double(start + end + 1) / 2
      rankSum += rank * Double(order[start..<end].count { labels[$0] == index })
      start = end
    }
    let smallest = Double(positives * (positives + 1)) / 2
    return (rankSum - smallest) / (Double(positives) * Double(negatives))
  }
}
