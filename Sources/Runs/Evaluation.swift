package import Datasets
import Graphs
import Kernels
package import Operators
import TensorFiles
import Tensors
package import Training

/// Measures a classifier on labelled images.
package enum Evaluation {
  /// What to measure on and how.
  package struct Options: Sendable {
    /// Folder or CSV manifest.
    package var data: String
    /// What the command line says about preprocessing.
    package var overrides = PreprocessingOverrides()
    /// Side of the image input where the model leaves it open.
    package var imageSide: Int?
    /// Folder for the preprocessed images as .npy, or nil.
    package var savedInputs: String?

    /// Options for a data set.
    package init(data: String) { self.data = data }
  }

  /// Figures on the test part of the data, or on all images where there are no parts.
  package static func run(
    _ model: ModelFile, _ options: Options, context: ExecutionContext, emit: (RunEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws -> ClassificationMetrics {
    for line in model.warnings { emit(.warning(line)) }
    let choice = try model.preprocessing(options.overrides, imageSide: options.imageSide)
    if choice.isAssumed {
      emit(.warning("the model does not say how its images are normalised; assuming \(choice.source)"))
    }
    let classifier = try model.classifier(choice.preprocessing, context: context)
    let all = try ModelFile.images(at: options.data, classCount: classifier.classCount)
    try all.requireLabels(below: classifier.classCount, source: options.data)
    let images = all.hasSplit ? all.part(.test) : all
    guard !images.samples.isEmpty else {
      throw InputError(message: "'\(options.data)' has no test image", tensor: nil, hint: nil)
    }
    try images.verifyReadable(threads: context.options.threads)
    emit(.note("\(images.samples.count) images, preprocessing from \(choice.source)"))
    emit(.begin(title: "evaluating", total: images.samples.count))
    let names = inputNames(images.samples)
    var saved = 0
    defer { emit(.end) }
    return try classifier.metrics(
      of: images, classes: classNames(model, images, count: classifier.classCount),
      each: { batch in
        guard let folder = options.savedInputs else { return }
        for row in 0..<batch.labels.count {
          let image = batch.images.rows(row..<row + 1)
          try TensorFile.write(
            image, name: "image", to: "\(folder)/\(names[saved]).npy")
          saved += 1
        }
      }, report: { emit(.advance(done: $0, figures: [])) }, isInterrupted: isInterrupted)
  }

  /// One file name per image: its number and its own name, so that the order can be read off.
  private static func inputNames(_ samples: [Sample]) -> [String] {
    samples.enumerated().map { index, sample in
      let file = sample.path.split(separator: "/").last.map(String.init) ?? "image"
      let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
      let digits = String(index)
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits + "_" + stem
    }
  }

  /// Names per class index: the model's own, else the data's, else numbers.
  package static func classNames(_ model: ModelFile, _ images: LabelledImages, count: Int) -> [String] {
    if let names = ClassNames.read(model.description.metadata)?.names, names.count == count { return names }
    return (0..<count).map { index in
      index < images.classes.count && !images.classes[index].isEmpty ? images.classes[index] : String(index)
    }
  }
}
