import Datasets
package import TensorFiles
import Tensors
package import Training

/// The mask that a model gives an image, as files: classes by their values in a palette, and the image with the classes over it.
package struct MaskPrediction: PresentedPrediction {
  private let image: String
  private let mask: String
  private let overlay: String
  private let probabilities: [String]
  private let shares: [(name: String, share: Double)]

  init(_ scores: ResizedScores, of sample: Sample, _ classes: MaskClasses, into folder: PredictionFolder)
    throws
  {
    let picture = try ImageFile.read(sample)
    let found = scores.mask(width: picture.width, height: picture.height)
    let stem = folder.stem(of: sample)
    var counts = [Int](repeating: 0, count: classes.names.count)
    for index in found.classes where index >= 0 { counts[Int(index)] += 1 }
    self.init(
      image: sample.name,
      mask: try folder.write(try MaskPicture.palette(found, classes), to: stem + "_mask.png"),
      overlay: try folder.write(
        try PNGCoder.encode(MaskPicture.overlay(found, on: picture, classes)), to: stem + "_overlay.png"),
      probabilities: try folder.writesProbabilities
        ? [
          folder.write(
            scores.probabilities(width: picture.width, height: picture.height),
            to: stem + "_probabilities.npy")
        ] : [], counts: counts, classes)
  }

  /// Files that were written, with the pixels of each class.
  init(
    image: String, mask: String, overlay: String, probabilities: [String], counts: [Int],
    _ classes: MaskClasses
  ) {
    (self.image, self.mask, self.overlay, self.probabilities) = (image, mask, overlay, probabilities)
    let pixels = Double(max(counts.reduce(0, +), 1))
    shares = zip(classes.names, counts).map { ($0, Double($1) / pixels) }
  }

  package var json: JSONObject {
    var object: JSONObject = [
      "image": .string(image), "mask": .string(mask), "overlay": .string(overlay),
      "shares": .array(shares.map { .number($0.share) }),
    ]
    if let first = probabilities.first {
      // Of a volume there is a file per slice.
      object["probabilities"] = probabilities.count == 1 ? .string(first) : JSONValue(probabilities)
    }
    return object
  }

  package var legend: JSONObject { ["classes": JSONValue(shares.map(\.name))] }

  package var figures: [(name: String, figure: MetricsPresentation.Figure)] {
    [("image", .text(image)), ("mask", .text(mask))] + shares.map { ($0.name, .share($0.share)) }
  }

  package var cells: [(name: String, text: String)] {
    [("image", image), ("mask", mask), ("overlay", overlay)] + shares.map { ($0.name, "\($0.share)") }
  }
}

extension ResizedScores {
  /// The softmax of every pixel, [C, H, W].
  func probabilities(width: Int, height: Int) throws -> Tensor {
    var values = [Float](repeating: 0, count: classes * width * height)
    var failure: NonFiniteScores?
    forEachRow(width: width, height: height) { position, row in
      for column in 0..<width {
        let scores = (0..<classes).map { row.score($0, column) }
        do throws(NonFiniteScores) {
          let shares = try ClassificationMetrics.probabilities(ofLogits: scores, classCount: classes)[0]
          for (index, share) in shares.enumerated() {
            values[(index * height + position) * width + column] = Float(share)
          }
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
    return try Tensor(values, shape: Shape([classes, height, width]))
  }
}
