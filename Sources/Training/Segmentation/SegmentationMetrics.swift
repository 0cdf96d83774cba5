package import Datasets
import Kernels
import Synchronization
package import Tensors

/// Figures of predicted masks: METHOD, section 3.
///
/// Overlaps are summed over the images before they are divided (`iou`, `dice`), or averaged over the images (`dicePerImage`,
/// `hausdorff95`, `surfaceDice`). A class that occurs neither in a reference nor in a prediction is left out of a mean.
public struct SegmentationMetrics: Sendable {
  /// Figures of one class of pixels.
  public struct ClassFigures: Sendable, Equatable {
    /// The class.
    public let name: String
    /// Images whose reference holds it.
    public let images: Int
    /// Intersection over union of all images; nil where it occurs nowhere.
    public let iou: Double?
    /// Dice of all images; nil likewise.
    public let dice: Double?
    /// Mean Dice of the images that have it in reference or prediction.
    public let dicePerImage: Double?
    /// The same with 1 for images that have it in neither.
    public let dicePerImageWithEmpty: Double?
    /// Mean over images with it in both of the larger directed 95th percentile of the distances between the borders, in pixels.
    public let hausdorff95: Double?
    /// The same in mm; nil unless the distance of pixels is known of every such image.
    public let hausdorff95InMillimetres: Double?
    /// Mean share of both borders within the tolerance of the other.
    public let surfaceDice: Double?
    /// Images with it in neither.
    public let imagesEmpty: Int
    /// Images with it in the prediction alone.
    public let imagesFalsePositive: Int
    /// Images with it in the reference alone, for which no distance is defined.
    public let imagesMissed: Int
  }

  /// Number of images.
  public let images: Int
  /// The classes of pixels.
  public let classes: [String]
  /// Figures by class.
  public let perClass: [ClassFigures]
  /// The classes beside the background.
  public let foreground: [Int]
  /// Mean cross-entropy of pixels, natural logarithm.
  public let loss: Double
  /// Pixels within which borders are near.
  public let surfaceTolerance: Double
  /// Images without any class beside the background in reference and prediction.
  public let imagesEmpty: Int
  /// Images without any in the reference, but some in the prediction.
  public let imagesFalsePositive: Int
  /// Images with some in the reference, but none in the prediction.
  public let imagesMissed: Int
  /// Mean over images of the mean Dice of the classes beside the background that occur.
  public let dicePerImage: Double?
  /// The same with 1 for images without any.
  public let dicePerImageWithEmpty: Double?
  /// What each image came to.
  package let comparisons: [MaskComparison]

  /// Sums up comparisons.
  package init(_ comparisons: [MaskComparison], _ classes: MaskClasses, tolerance: Double) {
    self.comparisons = comparisons
    let foreground = classes.foreground
    images = comparisons.count
    self.classes = classes.names
    self.foreground = foreground
    surfaceTolerance = tolerance
    perClass = classes.names.enumerated().map { index, name in
      ClassFigures(name: name, of: comparisons.map { $0.classes[index] })
    }
    let pixels = comparisons.reduce(0) { $0 + $1.pixels }
    loss = comparisons.reduce(0) { $0 + $1.loss } / Double(max(pixels, 1))
    let reference = comparisons.map { image in
      foreground.contains { image.classes[$0].both + image.classes[$0].missed > 0 }
    }
    let predicted = comparisons.map { image in
      foreground.contains { image.classes[$0].both + image.classes[$0].predictedOnly > 0 }
    }
    imagesEmpty = zip(reference, predicted).count { !$0 && !$1 }
    imagesFalsePositive = zip(reference, predicted).count { !$0 && $1 }
    imagesMissed = zip(reference, predicted).count { $0 && !$1 }
    let dices = comparisons.map { $0.dice(of: foreground) }
    dicePerImage = Self.mean(dices)
    dicePerImageWithEmpty = Self.mean(dices.map { $0 ?? 1 })
  }

  /// Mean intersection over union of all classes that occur.
  public var miou: Double? { Self.mean(perClass.map(\.iou)) }
  /// The same without the background.
  public var miouOfForeground: Double? { Self.mean(foreground.map { perClass[$0].iou }) }
  /// Mean Dice of all classes that occur.
  public var diceOfAll: Double? { Self.mean(perClass.map(\.dice)) }
  /// The same without the background.
  public var diceOfForeground: Double? { Self.mean(foreground.map { perClass[$0].dice }) }
  /// Mean over the classes beside the background.
  public var hausdorff95: Double? { Self.mean(foreground.map { perClass[$0].hausdorff95 }) }
  /// The same in mm; nil unless it is known of every class that has it.
  public var hausdorff95InMillimetres: Double? {
    let known = foreground.map { perClass[$0] }.filter { $0.hausdorff95 != nil }.map(
      \.hausdorff95InMillimetres)
    return known.contains(nil) ? nil : Self.mean(known)
  }
  /// Mean over the classes beside the background.
  public var surfaceDice: Double? { Self.mean(foreground.map { perClass[$0].surfaceDice }) }
  /// Classes that occur neither in a reference nor in a prediction.
  public var absentClasses: [String] { perClass.filter { $0.iou == nil }.map(\.name) }

  /// The mean of those that are defined; nil where none is.
  static func mean(_ values: [Double?]) -> Double? {
    let defined = values.compactMap { $0 }
    return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
  }
}

extension SegmentationMetrics.ClassFigures {
  /// Sums up what a class came to in every image.
  init(name: String, of figures: [MaskComparison.ClassFigures]) {
    typealias Metrics = SegmentationMetrics
    let both = figures.reduce(0) { $0 + $1.both }
    let either = figures.reduce(0) { $0 + $1.both + $1.predictedOnly + $1.missed }
    self.init(
      name: name, images: figures.count { $0.both + $0.missed > 0 },
      iou: either == 0 ? nil : Double(both) / Double(either),
      dice: either == 0 ? nil : Double(2 * both) / Double(both + either),
      dicePerImage: Metrics.mean(figures.map(\.dice)),
      dicePerImageWithEmpty: Metrics.mean(figures.map { $0.dice ?? 1 }),
      hausdorff95: Metrics.mean(figures.map(\.hausdorff95)),
      hausdorff95InMillimetres: figures.contains {
        $0.hausdorff95 != nil && $0.hausdorff95InMillimetres == nil
      } ? nil : Metrics.mean(figures.map(\.hausdorff95InMillimetres)),
      surfaceDice: Metrics.mean(figures.map(\.surfaceDice)),
      imagesEmpty: figures.count { $0.isAbsent },
      imagesFalsePositive: figures.count { $0.isFalsePositive },
      imagesMissed: figures.count { $0.isMissed })
  }
}

extension SegmentationMetrics {
  /// Figures of one volume, or of another file of several images.
  public struct Volume: Sendable, Equatable {
    /// The file.
    public let file: String
    /// Images of it that were measured.
    public let slices: Int
    /// Dice by class over all of them; nil where a class occurs in none.
    public let dice: [Double?]
  }

  /// Overlaps summed over the images of each file that holds several, in their order.
  public var volumes: [Volume] {
    var order: [String] = []
    var members: [String: [MaskComparison]] = [:]
    for comparison in comparisons {
      guard let file = comparison.volume else { continue }
      if members[file] == nil { order.append(file) }
      members[file, default: []].append(comparison)
    }
    return order.map { file in
      let slices = members[file] ?? []
      let dice = classes.indices.map { index -> Double? in
        let both = slices.reduce(0) { $0 + $1.classes[index].both }
        let sum = slices.reduce(0) {
          $0 + 2 * $1.classes[index].both + $1.classes[index].predictedOnly + $1.classes[index].missed
        }
        return sum == 0 ? nil : Double(2 * both) / Double(sum)
      }
      return Volume(file: file, slices: slices.count, dice: dice)
    }
  }

  /// Mean over volumes of the mean Dice of the classes beside the background that occur; nil without volumes.
  public var dicePerVolume: Double? {
    Self.mean(volumes.map { volume in Self.mean(foreground.map { volume.dice[$0] }) })
  }
}

/// The intersection over union and Dice of the classes beside the background, summed over the images so far.
package struct RunningOverlap: RunningFigures {
  private let foreground: [Int]
  private let threads: Int
  private var both: [Int]
  private var either: [Int]

  /// Pixels that a thread takes at a time.
  private static let stretch = 1 << 14

  /// No image yet.
  package init(_ classes: MaskClasses, threads: Int) {
    foreground = classes.foreground
    self.threads = threads
    both = [Int](repeating: 0, count: classes.names.count)
    either = both
  }

  package mutating func add(_ output: Tensor, _ targets: Tensor) {
    guard targets.shape.rank == 3, targets.shape.elementCount > 0 else { return }
    let plane = targets.shape[1] * targets.shape[2]
    let classes = both.count
    let total = Mutex((both: both, either: either))
    let parts = (plane + Self.stretch - 1) / Self.stretch
    parallelFor(targets.shape[0] * parts, threads: threads) { item, _ in
      let (image, pixels) = (item / parts, evenPart(item % parts, of: parts, count: plane))
      var both = [Int](repeating: 0, count: classes)
      var either = both
      output.rows(image..<image + 1).withElements(of: Float.self) { scores in
        targets.rows(image..<image + 1).withElements(of: Int32.self) { labels in
          for pixel in pixels where labels[pixel] >= 0 {
            let label = Int(labels[pixel])
            var best = 0
            for index in 1..<classes where scores[index * plane + pixel] > scores[best * plane + pixel] {
              best = index
            }
            either[best] += 1
            if best == label { both[best] += 1 } else { either[label] += 1 }
          }
        }
      }
      total.withLock { total in
        for index in 0..<classes {
          total.both[index] += both[index]
          total.either[index] += either[index]
        }
      }
    }
    (both, either) = total.withLock { $0 }
  }

  package var values: [(name: String, value: Double)] {
    let dices = foreground.map { index in
      either[index] == 0 ? nil : Double(2 * both[index]) / Double(both[index] + either[index])
    }
    return SegmentationMetrics.mean(dices).map { [("dice", $0)] } ?? []
  }
}
