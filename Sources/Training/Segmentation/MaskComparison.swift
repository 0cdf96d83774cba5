package import Datasets
import Glibc

/// What comparing the predicted mask of one image with the reference comes to.
package struct MaskComparison: Sendable, Equatable {
  /// Figures of one class of pixels.
  package struct ClassFigures: Sendable, Equatable {
    /// Pixels of the class in both, in the prediction alone, in the reference alone.
    package var (both, predictedOnly, missed) = (0, 0, 0)
    /// The larger directed 95th percentile of the distances between the borders; nil where one is empty, or was not asked for.
    package var hausdorff95: Double?
    /// The same in mm; nil also where the distance of pixels is not known.
    package var hausdorff95InMillimetres: Double?
    /// Share of both borders within the tolerance of the other; 0 where one alone is empty, nil where both are or where it was not asked
    /// for.
    package var surfaceDice: Double?

    /// Whether neither has the class.
    package var isAbsent: Bool { both + predictedOnly + missed == 0 }
    /// Whether the reference lacks it and the prediction has it.
    package var isFalsePositive: Bool { both + missed == 0 && predictedOnly > 0 }
    /// Whether the reference has it and the prediction lacks it.
    package var isMissed: Bool { both + predictedOnly == 0 && missed > 0 }

    /// 2·|A ∩ B| / (|A| + |B|); nil where both are empty.
    package var dice: Double? {
      isAbsent ? nil : Double(2 * both) / Double(2 * both + predictedOnly + missed)
    }
    /// |A ∩ B| / |A ∪ B|; nil where both are empty.
    package var iou: Double? { isAbsent ? nil : Double(both) / Double(both + predictedOnly + missed) }
  }

  /// The image's name.
  package let image: String
  /// The file that it is one image of; nil where it is all of it.
  package let volume: String?
  /// Figures by class.
  package let classes: [ClassFigures]
  /// Sum of −log softmax at the reference's class over the pixels that count, and their number.
  package let (loss, pixels): (Double, Int)

  /// The mean Dice of the classes that occur in reference or prediction, of those listed; nil where none does.
  package func dice(of foreground: [Int]) -> Double? { mean(foreground.compactMap { classes[$0].dice }) }

  func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

extension MaskComparison {
  /// Compares scores [C, h, w] of an image with its mask, at the mask's size.
  ///
  /// - Parameter tolerance: pixels within which borders are near; nil leaves out what is told of borders.
  package init(
    _ scores: ResizedScores, _ mask: Mask, of sample: Sample, foreground: [Int], tolerance: Double?
  ) {
    var classes = [ClassFigures](repeating: ClassFigures(), count: scores.classes)
    var loss = 0.0
    var pixels = 0
    var predicted = [Int16](repeating: Mask.ignoredClass, count: mask.classes.count)
    scores.forEachRow(width: mask.width, height: mask.height) { row, values in
      for column in 0..<mask.width {
        let pixel = row * mask.width + column
        let reference = Int(mask.classes[pixel])
        guard reference >= 0 else { continue }
        let (best, logarithm) = values.best(column, against: reference)
        predicted[pixel] = Int16(truncatingIfNeeded: best)
        loss += Double(logarithm)
        pixels += 1
        if best == reference {
          classes[best].both += 1
        } else {
          classes[best].predictedOnly += 1
          classes[reference].missed += 1
        }
      }
    }
    if let tolerance {
      for index in foreground {
        guard !classes[index].isAbsent else { continue }
        let label = Int16(truncatingIfNeeded: index)
        let (found, wanted) = (predicted.map { $0 == label }, mask.classes.map { $0 == label })
        let distance = BoundaryDistance(found, wanted, width: mask.width, height: mask.height)
        classes[index].hausdorff95 = distance?.hausdorff95
        classes[index].hausdorff95InMillimetres = sample.spacing.flatMap { spacing in
          BoundaryDistance(found, wanted, width: mask.width, height: mask.height, spacing: spacing)?
            .hausdorff95
        }
        classes[index].surfaceDice = distance?.surfaceDice(tolerance: tolerance) ?? 0
      }
    }
    (image, self.classes) = (sample.name, classes)
    volume = sample.frame == nil ? nil : sample.path
    (self.loss, self.pixels) = (loss, pixels)
  }
}
