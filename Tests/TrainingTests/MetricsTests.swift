import Testing
import Training

/// Figures counted by hand.
@Suite struct MetricsTests {
  /// Truth a a a b b, predicted a a b b a; no image of c.
  private static let metrics = ClassificationMetrics(
    probabilities: [
      [0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.3, 0.5, 0.2], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1],
    ],
    labels: [0, 0, 0, 1, 1], classes: ["a", "b", "c"])

  @Test func `figures of a class are shares of what was counted`() {
    let figures = Self.metrics.perClass
    #expect(figures.map(\.images) == [3, 2, 0])
    #expect(figures[0].sensitivity == 2.0 / 3 && figures[0].specificity == 0.5)
    #expect(figures[0].precision == 2.0 / 3 && figures[0].f1 == 2.0 / 3)
    #expect(figures[1].sensitivity == 0.5 && figures[1].specificity == 2.0 / 3 && figures[1].precision == 0.5)
  }

  @Test func `the area under the curve is the share of pairs in the right order`() {
    // Pairs (a, b) by the probability of a: 0.8, 0.6, 0.3 against 0.2, 0.5: 5 of 6.
    #expect(Self.metrics.areas[0] == 5.0 / 6)
    // By that of b: 0.7, 0.4 against 0.1, 0.3, 0.5: 5 of 6.
    #expect(Self.metrics.areas[1] == 5.0 / 6)
    #expect(Self.metrics.auroc == 5.0 / 6)
  }

  @Test func `a class without images has no sensitivity and no area, and is named`() {
    let figures = Self.metrics.perClass[2]
    #expect(figures.sensitivity == nil && figures.auroc == nil && figures.f1 == nil)
    #expect(figures.specificity == 1)
    #expect(Self.metrics.classesWithoutArea == ["c"])
    #expect(Self.metrics.macroRecall == (2.0 / 3 + 0.5) / 2)
    #expect(Self.metrics.absentClasses == ["c"])
  }

  /// Truth a a b, predicted a c b: scikit-learn gives recalls 0.5, 1, 0 and F1 2/3, 1, 0.
  @Test func `a class that is only predicted counts in both means`() {
    let metrics = ClassificationMetrics(
      probabilities: [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1]], labels: [0, 0, 1],
      classes: ["a", "b", "c"])
    #expect(metrics.absentClasses.isEmpty)
    #expect(metrics.macroRecall == 0.5)
    let expected: Double = (2.0 / 3.0 + 1.0) / 3.0
    #expect(abs(metrics.macroF1 - expected) < 1e-15)
  }

  @Test func `images of one class alone give no area at all`() {
    let metrics = ClassificationMetrics(
      probabilities: [[0.8, 0.2], [0.4, 0.6]], labels: [0, 0], classes: ["a", "b"])
    #expect(metrics.auroc == nil && metrics.classesWithoutArea == ["a", "b"])
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a logit that is no finite number is an error`(_ value: Float) {
    let error = #expect(throws: NonFiniteScores.self) {
      try ClassificationMetrics.probabilities(ofLogits: [0, 1, 2, value], classCount: 2)
    }
    #expect(error?.row == 1)
  }
}
