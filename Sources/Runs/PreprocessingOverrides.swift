public import Datasets
import Tensors

/// What the command line says about preprocessing; nil fields keep what the model says.
public struct PreprocessingOverrides: Sendable, Equatable {
  /// Resize, as `shorter 256`, `longer 256`, `256x256`, `256` or `none`.
  public var resize: Preprocessing.Resize?
  /// Side of the crop.
  public var crop: Int?
  /// How pixels between pixels are found.
  public var interpolation: Interpolation?
  /// Mean per channel, or one for all.
  public var mean: [Float]?
  /// Standard deviation per channel, or one for all.
  public var standardDeviation: [Float]?
  /// What is shown of the values of DICOM and NIfTI files.
  public var window: ImageReading.Window?
  /// How volumes are cut into slices.
  public var axis: ImageReading.Axis?
  /// Which volume of a file with several.
  public var volume: Int?

  /// No overrides.
  public init() {}

  /// Whether nothing is left to be found out.
  package var areComplete: Bool {
    resize != nil && crop != nil && interpolation != nil && mean != nil && standardDeviation != nil
  }

  /// The choice with what is given here in place of what it says, for a network that takes squares of this side.
  ///
  /// Where a resize is given without a crop, the crop follows the network.
  package func applied(to choice: PreprocessingChoice, side: Int) throws(DatasetError) -> PreprocessingChoice
  {
    var result = choice
    if let resize { (result.preprocessing.resize, result.preprocessing.pad) = (resize, nil) }
    if let crop { result.preprocessing.crop = crop }
    if let interpolation { result.preprocessing.interpolation = interpolation }
    let channels = choice.preprocessing.channels
    if let mean = try mean.map({ numbers throws(DatasetError) in try spread(numbers, "--mean", channels) }) {
      try check(mean, for: choice)
      result.preprocessing.mean = mean
    }
    if let standardDeviation {
      let numbers = try spread(standardDeviation, "--std", channels)
      try check(deviation: numbers, for: choice)
      result.preprocessing.standardDeviation = numbers
    }
    if resize != nil, crop == nil,
      result.preprocessing.outputWidth != side || result.preprocessing.outputHeight != side
    {
      result.preprocessing.crop = side
    }
    if window != nil || axis != nil || volume != nil {
      var reading = result.preprocessing.reading ?? ImageReading()
      if let window { reading.window = window }
      if let axis { reading.axis = axis }
      if let volume { reading.volume = volume }
      result.preprocessing.reading = reading
    }
    switch resize {
    case .unchanged, .longerSide:
      result.preprocessing.fill = result.preprocessing.fill ?? [Float](repeating: 0, count: channels)
    case .shorterSide, .exact: result.preprocessing.fill = nil
    case nil: break
    }
    try result.preprocessing.validate()
    if mean != nil && standardDeviation != nil { (result.isAssumed, result.conflicts) = (false, []) }
    if result.preprocessing != choice.preprocessing { result.source += ", changed by the command line" }
    if areComplete { result.source = "the command line" }
    return result
  }

  /// A number per channel of one for all.
  private func spread(_ numbers: [Float], _ option: String, _ channels: Int) throws(DatasetError) -> [Float] {
    if numbers.count == 1 { return [Float](repeating: numbers[0], count: channels) }
    guard numbers.count == channels else {
      let expected =
        channels == 1
        ? "one number, as the model takes one channel"
        : "one number or \(channels == 3 ? "three" : "\(channels)")"
      throw DatasetError(.usage, "\(option): takes \(expected), found \(numbers.count)")
    }
    return numbers
  }

  /// A deviation must be one that the pixels can have: those of 0 … 1 never deviate by more than ½, those of 0 … 255 by more.
  private func check(deviation: [Float], for choice: PreprocessingChoice) throws(DatasetError) {
    let text = deviation.map(\.description).joined(separator: ",")
    if choice.preprocessing.rescale == Preprocessing.unitRescale,
      let high = deviation.first(where: { $0 > 3 })
    {
      let divided = deviation.map { ($0 / 255).description }.joined(separator: ",")
      throw DatasetError(
        .usage,
        "--std \(text): the network is fed pixels of 0 … 1, and \(high) is a deviation of pixels of 0 … 255",
        hint: "divide --mean and --std by 255: --std \(divided)")
    }
    if choice.preprocessing.rescale == 1, deviation.allSatisfy({ $0 < 1 }) {
      throw DatasetError(
        .usage,
        "--std \(text): the network is fed pixels of 0 … 255 (\(choice.source)), and this is a deviation of pixels of 0 … 1",
        hint: "multiply --mean and --std by 255, or leave them out")
    }
  }

  /// A mean must lie within the pixels that it is subtracted from, and not be that of pixels of 0 … 1 where 0 … 255 are fed.
  private func check(_ mean: [Float], for choice: PreprocessingChoice) throws(DatasetError) {
    let text = mean.map(\.description).joined(separator: ",")
    if choice.preprocessing.rescale == Preprocessing.unitRescale, let high = mean.first(where: { $0 > 1 }) {
      let divided = mean.map { ($0 / 255).description }.joined(separator: ",")
      throw DatasetError(
        .usage,
        "--mean \(text): the network is fed pixels of 0 … 1, and \(high) above 1 is the mean of pixels of 0 … 255",
        hint: "divide --mean and --std by 255: --mean \(divided)")
    }
    if choice.preprocessing.rescale == 1, mean.allSatisfy({ $0 <= 1 }), mean.contains(where: { $0 != 0 }) {
      throw DatasetError(
        .usage,
        "--mean \(text): the network is fed pixels of 0 … 255 (\(choice.source)), and this is a mean of pixels of 0 … 1",
        hint: "multiply --mean and --std by 255, or leave them out")
    }
  }
}
