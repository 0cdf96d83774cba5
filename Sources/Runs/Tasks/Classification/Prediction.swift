package import Datasets
package import TensorFiles
package import Tensors
package import Training

/// The class that a model gives an image.
public struct Prediction: Sendable {
  /// The image file.
  public let image: String
  /// Name of the most probable class.
  public let className: String
  /// Its index.
  public let index: Int
  /// Probability per class.
  public let probabilities: [Double]
}

extension Prediction: PresentedPrediction {
  /// The object that CLI.md calls `predict`.
  package var json: JSONObject {
    [
      "image": .string(image), "class": .string(className), "index": .integer(index),
      "probabilities": JSONValue(probabilities),
    ]
  }

  package var figures: [(name: String, figure: MetricsPresentation.Figure)] {
    [
      ("image", .text(image)), ("class", .text(className)), ("probability", .share(probabilities[index])),
    ]
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
      return Prediction(image: sample.name, className: names[index], index: index, probabilities: row)
    }
  }

  package func predictions(_ output: Tensor, of samples: [Sample], by model: ModelFile) throws
    -> [any PresentedPrediction]
  {
    try predictions(output, of: samples, names: ClassNames.all(of: model, count: classCount))
  }
}
