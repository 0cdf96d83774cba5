package import Backbones
package import Datasets
import Graphs
import Kernels
import Operators
import Tensors

extension ModelFile {
  /// Side in pixels of the model's square image input [n, channels, S, S].
  ///
  /// - Parameter given: what the user says, for inputs that leave it open.
  package func imageSide(given: Int?) throws -> Int {
    guard let input = description.graph.requiredInputs.first else {
      throw InputError(message: "the model has no input", tensor: nil, hint: nil)
    }
    guard case .tensor(_, let dimensions?)? = input.type?.kind, dimensions.count == 4 else {
      throw InputError(
        message: "input '\(input.name)' is not declared as images [n,channels,H,W]", tensor: input.name,
        hint: nil)
    }
    guard case .value(let height) = dimensions[2].extent, case .value(let width) = dimensions[3].extent else {
      if let given { return given }
      throw InputError.openSize(input.name)
    }
    guard height == width, let side = Int(exactly: height), (1...8192).contains(side) else {
      throw InputError(
        message: "input '\(input.name)' takes images of \(width)×\(height) pixels, expected squares",
        tensor: input.name, hint: nil)
    }
    guard given == nil || given == side else {
      throw InputError(
        message: "input '\(input.name)' takes images of \(side) pixels, --image-size says \(given ?? 0)",
        tensor: input.name, hint: nil)
    }
    return side
  }

  /// Channels of the model's image input [n, channels, S, S]; 3 where it leaves them open.
  package func imageChannels() throws -> Int {
    guard let input = description.graph.requiredInputs.first,
      case .tensor(_, let dimensions?)? = input.type?.kind, dimensions.count == 4,
      case .value(let extent) = dimensions[1].extent
    else { return 3 }
    guard let channels = Int(exactly: extent), Preprocessing.channelRange.contains(channels) else {
      let range = Preprocessing.channelRange
      throw InputError(
        message: "input '\(input.name)' takes images of \(extent) channels, expected \(range.lowerBound) … "
          + "\(range.upperBound)", tensor: input.name, hint: nil)
    }
    return channels
  }

  /// Preprocessing of the model's images, with what the command line says in place of what the model says.
  ///
  /// - Parameter recognition: what recognising the network gave, where that was done already: nil inside where it failed.
  package func preprocessing(
    _ overrides: PreprocessingOverrides, imageSide: Int?, recognition: Recognition?? = nil
  ) throws -> PreprocessingChoice {
    let side = try self.imageSide(given: imageSide)
    let channels = try imageChannels()
    var found: PreprocessingChoice
    do {
      found = try PreprocessingChoice.find(
        metadata: description.metadata, path: path, side: side, channels: channels)
    } catch {
      // What is all said on the command line need not be read from a file that is refused.
      guard overrides.areComplete else { throw error }
      found = try PreprocessingChoice.assumed(side: side, channels: channels)
    }
    if let inner = innerNormalization(for: found, recognition) { found = found.adapted(to: inner) }
    if imageSide != nil || bound?.source == .option, overrides.crop == nil, found.preprocessing.pad == nil {
      // The size that the user says for an open input goes before the size that the model was trained with.
      switch (found.preprocessing.crop, found.preprocessing.resize) {
      case (nil, .exact) where bound?.source == .option:
        found.preprocessing.resize = .exact(width: side, height: side)
      case (nil, _): break
      default: found.preprocessing.crop = side
      }
    }
    guard found.preprocessing.channels == channels else {
      throw DatasetError(
        .badData,
        "images prepared as \(found.source) says have \(found.preprocessing.channels) channels, the model takes \(channels)",
        hint: "say --resize, --crop, --interpolation, --mean and --std")
    }
    let choice = try overrides.applied(to: found, side: side)
    let (width, height) = (choice.preprocessing.outputWidth, choice.preprocessing.outputHeight)
    guard width == side, height == side else {
      throw DatasetError(
        overrides.crop == nil ? .badData : .usage,
        "images prepared as \(choice.source) says are \(width)×\(height) pixels, the model takes \(side)×\(side)",
        hint: "say --resize and --crop \(side)")
    }
    return choice
  }

  /// Scale and shift that the graph applies to its images before the first convolution, where they matter to what was found.
  private func innerNormalization(
    for found: PreprocessingChoice, _ known: Recognition??
  ) -> PreprocessingChoice.InnerNormalization? {
    guard found.isAssumed || found.sideFile != nil else { return nil }
    let context = ExecutionContext(options: KernelOptions(threads: 1, level: Processor.detectedLevel()))
    let recognition = known ?? (try? Injection.recognize(description, context: context))
    return recognition.flatMap { ImageInput.first(of: $0.view)?.normalization }
      .map { .init(mean: $0.mean, deviation: $0.deviation) }
  }

  /// Labelled images of a folder or of a table that lists them.
  ///
  /// - Parameters:
  ///   - reading: how images are made of DICOM and NIfTI files.
  ///   - classCount: number of the model's classes where a manifest may give indices only.
  package static func images(at path: String, _ reading: ImageReading, classCount: Int? = nil) throws
    -> LabelledImages
  {
    CSVManifest.isTable(path)
      ? try CSVManifest.read(path, classCount: classCount, reading: reading)
      : try ImageFolder.read(path, reading: reading)
  }
}
