package import Datasets
import Graphs
import Kernels
package import Operators
import TensorFiles
import Tensors
package import Training

/// Measures a model on labelled images.
package enum Evaluation {
  /// What to measure on and how.
  package struct Options: Sendable {
    /// Folder or CSV manifest.
    package var data: String
    /// What the command line says about preprocessing.
    package var overrides = PreprocessingOverrides()
    /// Side of the image input where the model leaves it open.
    package var imageSide: Int?
    /// The part that is measured; nil is the test part, without one the validation part, or all images where there are no parts.
    package var part: Split?
    /// Folder for the preprocessed images as .npy, or nil.
    package var savedInputs: String?
    /// Whether files that are there already are overwritten.
    package var replacesFiles = false
    /// How images larger than the network's input are cut; nil resizes them.
    package var tiles: Tiles?
    /// File for the figures of each image, or nil.
    package var imageTable: String?
    /// Folder for pictures of the images on which the model did worst, or nil.
    package var pictures: String?

    /// Options for a data set.
    package init(data: String) { self.data = data }
  }

  /// Figures on the part that is asked for; `Options.part` says which that is where none is.
  package static func run(
    _ file: ModelFile, _ options: Options, context: ExecutionContext, emit: @escaping (RunEvent) -> Void,
    isInterrupted: @escaping () -> Bool
  ) throws -> any PresentedMetrics {
    let model = try file.located { try file.bound(imageSide: options.imageSide) }
    for line in model.warnings { emit(.warning(line)) }
    if let bound = model.bound { emit(.note(bound.note)) }
    let choice = try model.preprocessing(options.overrides, imageSide: options.imageSide)
    for warning in choice.warnings { emit(.warning(warning)) }
    let task = TaskRegistry.task(of: model)
    let answer = try task.answer(of: model, context: context)
    let imageModel = try model.imageModel(answer, choice.preprocessing)
    let (all, remark) = try RunInterrupted.watching(task.readingTitle, emit, isInterrupted) { watch in
      try answer.images(at: options.data, choice.preprocessing.reading ?? ImageReading(), for: model, watch)
    }
    if let remark { emit(.warning(remark)) }
    func hashes(of images: LabelledImages) throws -> [Int: String] {
      try RunSplit.hashes(of: images, threads: context.options.threads, isInterrupted: isInterrupted)
    }
    let split = try RunSplit(besideModel: model.path)
    var known = try split.map { _ in try hashes(of: all) }
    let dealt = split?.dealing(all, hashes: known ?? [:])
    if dealt != nil {
      emit(.note("the parts are those of the run that made the model (\(RunSplit.tableName))"))
    }
    let part = options.part ?? assumedPart(of: dealt ?? all)
    if options.part == nil, part == .validation {
      emit(.note("there are no test images: the validation images are measured"))
    }
    let images = try measured(part, of: dealt ?? all, source: options.data)
    let names = inputNames(images.samples)
    if let folder = options.savedInputs {
      try Destination.checkFiles(
        names, in: folder, inputs: model.readFiles, isForced: options.replacesFiles)
    }
    if let learnt = LearntImages(model.description.metadata) ?? split?.learnt {
      let measured = try known ?? hashes(of: images)
      known = measured
      if let remark = learnt.remark(onMeasuring: images, hashes: measured) { emit(.warning(remark)) }
    }
    let notes = try RunInterrupted.translating {
      try images.examined(
        threads: context.options.threads, isHashing: false, known: known ?? [:], { _, _ in isInterrupted() }
      )
    }.notes
    if let table = options.imageTable {
      try Destination.checkFile(
        table, inputs: model.readFiles + [options.data], isForced: options.replacesFiles)
    }
    let pictured = answer as? any PicturedAnswer
    if options.pictures != nil || options.imageTable != nil || options.tiles != nil, pictured == nil {
      throw DatasetError(
        .usage, "tiles, pictures and figures of single images are there for models that answer with masks",
        hint: "dka predict --csv writes what a classifier says of every image")
    }
    let measured = task.remarks(onMeasuring: images, part: (part ?? .test).rawValue)
    for note in all.notes + measured + notes { emit(RunEvent(note)) }
    emit(.note("\(images.samples.count) images, preprocessing from \(choice.source)"))
    emit(.begin(title: "evaluating", total: images.samples.count))
    var saved = 0
    defer { emit(.end) }
    if options.tiles != nil, options.savedInputs != nil {
      throw DatasetError(.usage, "--save-inputs writes whole images; leave --tiles out")
    }
    let metrics: any PresentedMetrics = try imageModel.metrics(
      of: images, answer.measurement(of: images), in: options.tiles,
      each: { batch in
        guard let folder = options.savedInputs else { return }
        for row in batch.samples.indices {
          let image = batch.images.rows(row..<row + 1)
          try TensorFile.write(image, name: "image", to: "\(folder)/\(names[saved])")
          saved += 1
        }
      }, report: { emit(.advance(done: $0, figures: [])) }, isInterrupted: isInterrupted)
    if let table = options.imageTable, let rows = metrics.imageTable {
      try Folder.create(containing: table)
      try AtomicWrite.file(at: table, bytes: Array(CSVTable.text(rows).utf8))
      emit(.note("\(counted(rows.count - 1, "row")) written to \(table)"))
    }
    if let path = options.pictures, let pictured {
      let folder = PredictionFolder(
        path, writesProbabilities: false, inputs: model.readFiles, isForced: options.replacesFiles)
      let samples = pictured.worst(worstCount, of: images, by: metrics)
      try imageModel.run(samples, in: options.tiles, isInterrupted: isInterrupted) { sample, output in
        let picture = try pictured.picture(output, of: sample)
        _ = try folder.write(try PNGCoder.encode(picture), to: folder.stem(of: sample) + "_worst.png")
      }
      emit(.note("pictures of the \(counted(samples.count, "worst image")) written to \(path)"))
    }
    return metrics
  }

  /// Images that are drawn.
  private static let worstCount = 8

  /// The part that is meant where none is named; nil for all images, where they have no parts.
  private static func assumedPart(of all: LabelledImages) -> Split? {
    guard all.hasSplit else { return nil }
    return [.test, .validation].first { !all.part($0).samples.isEmpty } ?? .test
  }

  /// The images of a part, or all.
  private static func measured(_ part: Split?, of all: LabelledImages, source: String) throws
    -> LabelledImages
  {
    guard let part else { return all }
    guard all.hasSplit else {
      throw InputError(
        message: "'\(source)' has no parts, so no \(part.rawValue) part", tensor: nil,
        hint: "leave --part out to measure all images")
    }
    let images = all.part(part)
    guard images.samples.isEmpty else { return images }
    let others = Split.allCases.filter { !all.part($0).samples.isEmpty }.map(\.rawValue)
    throw InputError(
      message: "'\(source)' has no \(part.rawValue) image", tensor: nil,
      hint: "choose another part with --part: \(others.joined(separator: ", "))")
  }

  /// One file name per image: its number and its own name, so that the order can be read off.
  private static func inputNames(_ samples: [Sample]) -> [String] {
    samples.enumerated().map { index, sample in
      let digits = String(index)
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits + "_" + sample.stem + ".npy"
    }
  }
}
