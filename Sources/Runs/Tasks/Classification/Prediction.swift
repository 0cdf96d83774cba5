package import Datasets
package import TensorFiles
package import Tensors
package import Training

/// The class that a model gives an image.
public struct Prediction: Sendable {
  /// The image file.
  public let image: String
  /// Names of the classes in index order.
  public let classes: [String]
  /// Index of the most probable class.
  public let index: Int
  /// Probability per class.
  public let probabilities: [Double]

  /// Name of the most probable class.
  public var className: String { classes[index] }
}

extension Prediction: PresentedPrediction {
  /// The object that CLI.md calls `predict`.
  package var json: JSONObject {
    [
      "image": .string(image), "class": .string(className), "index": .integer(index),
      "probabilities": JSONValue(probabilities),
    ]
  }

  package var legend: JSONObject { ["classes": JSONValue(classes)] }

  /// Classes of which all probabilities still fit into a line.
  private static let widestRow = 6

  package var figures: [(name: String, figure: MetricsPresentation.Figure)] {
    let all = zip(classes, probabilities).map { (name: $0, figure: MetricsPresentation.Figure.share($1)) }
    return [("image", .text(image)), ("class", .text(className))]
      + (classes.count > Self.widestRow ? [("probability", .share(probabilities[index]))] : all)
  }

  package var cells: [(name: String, text: String)] {
    [("image", image), ("class", className), ("index", "\(index)")]
      + zip(classes, probabilities).map { ("probability_\($0)", "\(Float($1))") }
  }
}

extension ClassScores {
  /// The classes of images.
  ///
  /// - Parameter names: a name per class.
  package func predictions(_ output: Tensor, of samples: [Sample], names: [String]) throws(NonFiniteScores)
    -> [Prediction]
  {
    let rows = try meaning.probabilities(ofScores: output.elements(of: Float.self))
    return zip(samples, rows).map { sample, row in
      let index = ClassificationMetrics.largest(row)
      return Prediction(image: sample.name, classes: names, index: index, probabilities: row)
    }
  }

  package func predictions(
    _ output: Tensor, of samples: [Sample], by model: ModelFile, into folder: PredictionFolder?
  ) throws -> [any PresentedPrediction] {
    try predictions(output, of: samples, names: ClassNames.all(of: model, count: classCount))
  }
}
