public import Datasets
package import Graphs
import TensorFiles
import Tensors

/// The preprocessing that a model is used with, and where it comes from.
///
/// METHOD, section 3: the command line, then the model's metadata, then side files, then the catalogue by hash; else
/// ImageNet's statistics with a warning. What the graph itself does to pixels is respected (`adapted(to:)`).
public struct PreprocessingChoice: Sendable, Equatable {
  /// The preprocessing.
  public var preprocessing: Preprocessing
  /// Where it comes from, in words.
  public var source: String
  /// Whether nothing was known about the model.
  public var isAssumed: Bool
  /// Where what is known contradicts itself, a line each.
  package var conflicts: [String] = []
  /// Whether it comes from the place or the hash of the file, so that a copy elsewhere or another version of the model lacks it.
  private(set) var isOfFile = false
  /// What a side file says about values; nil where the preprocessing comes from elsewhere.
  private(set) var sideFile: SideFilePreparation?

  /// What the user should be told before images are prepared like this, a line each.
  public var warnings: [String] {
    let assumed =
      "the model does not say how its images are normalised; assuming \(source) (--mean and --std say otherwise)"
    return (isAssumed ? [assumed] : []) + conflicts
  }

  /// A choice.
  package init(preprocessing: Preprocessing, source: String, isAssumed: Bool) {
    self.preprocessing = preprocessing
    self.source = source
    self.isAssumed = isAssumed
  }

  /// Prefix of the metadata keys that hold `Preprocessing.fields`.
  package static let keyPrefix = "dka.preprocessing."

  /// Finds the preprocessing of a model file.
  ///
  /// - Parameters:
  ///   - metadata: the model's metadata.
  ///   - path: the model file; side files are looked for in its folder and one folder up.
  ///   - side: the side of the model's image input in pixels.
  ///   - channels: the channels of that input.
  package static func find(
    metadata: [MetadataEntry], path: String, side: Int, channels: Int
  ) throws(DatasetError) -> Self {
    func value(_ key: String) -> String? { metadata.first { $0.key == keyPrefix + key }?.value }
    if value("resize") != nil {
      return Self(
        preprocessing: try Preprocessing(fields: value), source: "the model's metadata", isAssumed: false)
    }
    for location in SideFile.locations(of: SideFile.names, besideModel: path) {
      guard let file = try SideFile(at: location),
        let found = try preparation(in: file, side: side, channels: channels)
      else {
        continue
      }
      var choice = Self(preprocessing: found.preprocessing, source: file.name, isAssumed: false)
      (choice.sideFile, choice.isOfFile) = (found, true)
      return choice
    }
    var choice = try assumed(side: side, channels: channels)
    if let size = try? MemoryMap.file(at: path).byteCount,
      let known = Catalogue.entry(forFile: path, byteCount: size)
    {
      (choice.source, choice.isAssumed, choice.isOfFile) = ("the catalogue: \(known.name)", false, true)
    }
    return choice
  }

  /// Sides that images may have.
  static let sides = 1...8192

  /// The side of the images that a model takes, where its metadata or a side file say it, and which of them.
  ///
  /// A file that is refused says nothing here; `find` tells what is wrong with it.
  static func statedSide(metadata: [MetadataEntry], path: String) -> (side: Int, source: String)? {
    func value(_ key: String) -> String? { metadata.first { $0.key == keyPrefix + key }?.value }
    if value("resize") != nil, let side = (try? Preprocessing(fields: value))?.squareSide {
      return (side, "the model's metadata")
    }
    for location in SideFile.locations(of: SideFile.names, besideModel: path) {
      guard let file = try? SideFile(at: location) else { continue }
      let side =
        if let timm = try? TimmConfiguration(file) {
          try? timm.inputSide()
        } else {
          file.name.hasSuffix("preprocessor_config.json")
            ? (try? HuggingFaceProcessor(file))?.statedSide : nil
        }
      if let side, sides.contains(side) { return (side, file.name) }
    }
    return nil
  }

  /// What is taken where nothing is known about a model: of networks that do not take colours the mean over them.
  static func assumed(side: Int, channels: Int) throws(DatasetError) -> Self {
    var (mean, deviation) = (Preprocessing.imageNetMean, Preprocessing.imageNetStandardDeviation)
    var source = "ImageNet's usual statistics"
    if channels != mean.count {
      mean = [Float](repeating: 0.449, count: channels)
      deviation = [Float](repeating: 0.226, count: channels)
      source += ", their mean over colours"
    }
    let preprocessing = try usual(side: side, channels: channels, mean: mean, deviation)
    return Self(preprocessing: preprocessing, source: source, isAssumed: true)
  }

  /// What a side file says; nil for a `config.json` that is not one of timm's.
  private static func preparation(
    in file: SideFile, side: Int, channels: Int
  ) throws(DatasetError) -> SideFilePreparation? {
    do throws(DatasetError) {
      if let timm = try TimmConfiguration(file) {
        return try timm.preparation(side: side, channels: channels)
      }
      guard file.name.hasSuffix("preprocessor_config.json") else { return nil }
      return try HuggingFaceProcessor(file).preparation(side: side, channels: channels)
    } catch {
      // What no single field is wrong about does not know its file yet.
      throw error.file == nil ? .badFile(file.name, error.message, hint: SideFile.hint) : error
    }
  }

  /// Resize of the shorter side to 8/7 of the crop, bicubic, as ImageNet classifiers are usually evaluated.
  package static func usual(
    side: Int, channels: Int = 3, mean: [Float], _ standardDeviation: [Float]
  ) throws(DatasetError) -> Preprocessing {
    try Preprocessing(
      resize: .shorterSide((side * 8 + 6) / 7), crop: side, interpolation: .bicubic, channels: channels,
      mean: mean, standardDeviation: standardDeviation)
  }
}

extension Preprocessing {
  /// The side of the images that it makes, where they are squares whose size it says itself.
  var squareSide: Int? {
    outputWidth == outputHeight && PreprocessingChoice.sides.contains(outputWidth) ? outputWidth : nil
  }
}

extension PreprocessingChoice {
  /// The scale and shift that a graph applies to its images, as far as it decides what they are fed with.
  package struct InnerNormalization: Sendable, Equatable {
    /// What the graph subtracts per channel.
    package let mean: [Double]
    /// What the graph divides by per channel.
    package let deviation: [Double]

    /// Statistics per channel.
    package init(mean: [Double], deviation: [Double]) {
      (self.mean, self.deviation) = (mean, deviation)
    }

    /// Whether the constants are those of pixels of 0 … 255: a mean above 1, or a deviation that pixels of 0 … 1 never have.
    package var takesBytes: Bool { mean.contains { $0 > 1 } || deviation.contains { abs($0) > 3 } }

    /// The statistics in words.
    var text: String {
      func list(_ values: [Double]) -> String {
        Set(values).count == 1
          ? Float(values[0]).description : values.map { Float($0).description }.joined(separator: " ")
      }
      return "mean \(list(mean)), std \(list(deviation))"
    }
  }

  /// The choice for a graph that normalises its images itself; what the model's metadata say stays as it is.
  ///
  /// The graph's constants decide whether pixels of 0 … 255 or of 0 … 1 are fed. A side file normalises as well only if it says
  /// `do_normalize` in so many words, and rescales if it says `do_rescale`; both together are said in a warning.
  package func adapted(to inner: InnerNormalization) -> Self {
    guard isAssumed || sideFile != nil else { return self }
    var result = self
    let range = inner.takesBytes ? "pixels of 0 … 255" : "pixels of 0 … 1"
    if sideFile?.normalizes != true {
      let channels = preprocessing.channels
      result.preprocessing.mean = [Float](repeating: 0, count: channels)
      result.preprocessing.standardDeviation = [Float](repeating: 1, count: channels)
    }
    if sideFile?.rescales == nil, sideFile?.normalizes != true {
      result.preprocessing.rescale = inner.takesBytes ? 1 : Preprocessing.unitRescale
    }
    guard let sideFile else {
      result.source = "the graph, which normalises its images itself (\(inner.text)) and takes \(range)"
      result.isAssumed = false
      return result
    }
    let graph = "the graph normalises its images itself (\(inner.text)) and takes \(range)"
    if sideFile.normalizes == true {
      result.conflicts.append("\(graph), and '\(source)' says do_normalize: images are normalised twice")
    } else if sideFile.normalizes == nil {
      result.conflicts.append("\(graph): mean and std of '\(source)' are not applied")
    }
    if inner.takesBytes, sideFile.normalizes != true, result.preprocessing.rescale < 0.1 {
      result.conflicts.append("\(graph), but '\(source)' says do_rescale: pixels of 0 … 1 are fed")
    }
    return result
  }
}
