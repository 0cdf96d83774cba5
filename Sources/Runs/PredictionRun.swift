package import Datasets
import Kernels
package import Operators
package import TensorFiles
import Tensors

/// What a model answers to image files.
package struct PredictionRun: Sendable {
  /// The answers, in the order of the files.
  package private(set) var predictions: [any PresentedPrediction] = []
  /// Why files have no answer, one error each.
  package let failures: [DatasetError]

  /// Asks a model about images.
  ///
  /// - Parameters:
  ///   - paths: image files, folders, lists and tables.
  ///   - folder: where answers that are files are written.
  ///   - tiles: how images larger than the network's input are cut; nil prepares them whole.
  /// - Throws: where a list cannot be read, or no image at all.
  package init(
    _ file: ModelFile, images paths: [String], _ overrides: PreprocessingOverrides, imageSide: Int?,
    into folder: PredictionFolder?, tiles: Tiles? = nil, context: ExecutionContext, emit: (RunEvent) -> Void,
    isInterrupted: () -> Bool
  ) throws {
    let model = try file.located { try file.bound(imageSide: imageSide) }
    for line in model.warnings { emit(.warning(line)) }
    if let bound = model.bound { emit(.note(bound.note)) }
    let choice = try model.preprocessing(overrides, imageSide: imageSide)
    for warning in choice.warnings { emit(.warning(warning)) }
    if !choice.isAssumed { emit(.note("preprocessing from \(choice.source)")) }
    var images = try ImageList(of: paths, reading: choice.preprocessing.reading ?? ImageReading())
    try RunInterrupted.translating {
      try images.keepReadable(threads: context.options.threads) { _, _ in isInterrupted() }
    }
    for note in images.notes { emit(RunEvent(note)) }
    failures = images.failures
    for line in DatasetError.lines(of: failures) { emit(.warning(line)) }
    for hint in DatasetError.hints(of: failures) { emit(.note("try: \(hint)")) }
    folder?.expectVolumes(in: images.samples)
    let answer = try TaskRegistry.task(of: model).answer(of: model, context: context)
    let imageModel = try model.imageModel(answer, choice.preprocessing)
    // A line about a handful of images would only stand between the user and the answers.
    let isLong = images.samples.count > 16
    if isLong { emit(.begin(title: "predicting", total: images.samples.count)) }
    defer { if isLong { emit(.end) } }
    var found: [any PresentedPrediction] = []
    guard tiles == nil || answer is any PicturedAnswer else {
      throw DatasetError(.usage, "--tiles is there for models that answer with masks")
    }
    try imageModel.run(
      images.samples, in: tiles, report: { if isLong { emit(.advance(done: $0, figures: [])) } },
      isInterrupted: isInterrupted
    ) { sample, output in
      found += try answer.predictions(output, of: [sample], by: model, into: folder)
    }
    predictions = found
  }

  /// The object that CLI.md calls `predict`.
  package var json: JSONObject {
    var object: JSONObject = [
      "predictions": .array(predictions.map { .object($0.json) }),
      "failures": .array(
        failures.map {
          ["image": JSONValue($0.file), "message": .string($0.message), "hint": JSONValue($0.hint)]
        }),
    ]
    for member in predictions.first?.legend.members ?? [] { object[member.key] = member.value }
    return object
  }

  /// A row per answer under the names of the columns, as separated text.
  package var table: String {
    guard let columns = predictions.first?.cells.map(\.name) else { return "" }
    return CSVTable.text([columns] + predictions.map { $0.cells.map(\.text) })
  }
}
