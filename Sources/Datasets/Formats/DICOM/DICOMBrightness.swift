import Glibc

/// From the stored values of a grey frame to brightness from 0 to 1 (PS3.3, C.7.6.3.1.2, C.11.1, C.11.2).
///
/// Modality table, else rescaling; then the given window, else the file's first table for display, else its first window, else from the
/// frame's least to its largest value; MONOCHROME1 is inverted last.
struct DICOMBrightness {
  private let slope: Double
  private let intercept: Double
  private let modality: DICOMTable?
  private let display: Display
  private let isInverted: Bool

  private enum Display {
    case window(ImageReading.Window)
    case exact(center: Double, width: Double)
    case sigmoid(center: Double, width: Double)
    case table(DICOMTable)
    case range

    var isRange: Bool { if case .range = self { true } else { false } }
  }

  /// What the attributes say of a frame.
  init(_ root: DICOMDataSet, frame: Int, _ pixels: DICOMPixels, _ given: ImageReading.Window?)
    throws(CodecError)
  {
    let shared = root.item(.sharedGroups)
    let own = root.item(.perFrameGroups, frame)
    /// Where an attribute of a frame stands: in the file, the frame's own groups, those of all frames.
    func sets(_ group: DICOMTag) -> [DICOMDataSet] {
      [root] + [own, shared].compactMap { $0?.item(group) }
    }
    let transformations = sets(.valueTransformation)
    slope = transformations.lazy.compactMap { $0.decimals(.rescaleSlope).first }.first ?? 1
    intercept = transformations.lazy.compactMap { $0.decimals(.rescaleIntercept).first }.first ?? 0
    guard slope.isFinite, intercept.isFinite else {
      throw CodecError(reason: "values are rescaled by \(slope) and \(intercept)")
    }
    modality = try root.item(.modalityTables).map { set throws(CodecError) in
      try DICOMTable(set, descriptor: .tableDescriptor, data: .tableData, isSigned: pixels.isSigned)
    }
    isInverted = pixels.photometric == "MONOCHROME1"
    let tables = sets(.frameDisplayTables)
    let window = tables.lazy.compactMap { set -> (Double, Double, String)? in
      guard let center = set.decimals(.windowCenter).first, let width = set.decimals(.windowWidth).first
      else {
        return nil
      }
      return (center, width, set.text(.lookupFunction) ?? "LINEAR")
    }.first
    if let given {
      display = .window(given)
    } else if let set = tables.lazy.compactMap({ $0.item(.displayTables) }).first {
      // Rescaled values may be negative whatever the stored ones are.
      let isSigned = pixels.isSigned || (modality == nil && (slope < 0 || intercept < 0))
      display = .table(
        try DICOMTable(set, descriptor: .tableDescriptor, data: .tableData, isSigned: isSigned))
    } else if let (center, width, function) = window, width > 0 {
      switch function {
      case "SIGMOID": display = .sigmoid(center: center, width: width)
      case "LINEAR_EXACT": display = .exact(center: center, width: width)
      default:
        guard let window = ImageReading.Window(center: center, width: max(width, 1)) else {
          throw CodecError(reason: "the window \(center), \(width) is none")
        }
        display = .window(window)
      }
    } else {
      display = .range
    }
  }

  /// The brightness of every pixel.
  func levels(of values: [Int32]) -> [Float] {
    let range = display.isRange ? range(of: values) : nil
    guard let least = values.min(), let largest = values.max(), Int(largest) - Int(least) < 1 << 20 else {
      return values.map { level(of: $0, range) }
    }
    // Each value is worked out once.
    let table = (least...largest).map { level(of: $0, range) }
    return values.map { table[Int($0) - Int(least)] }
  }

  private func range(of values: [Int32]) -> ClosedRange<Double>? {
    guard modality == nil else {
      let found = values.map { meaning(of: $0) }
      return found.min().flatMap { least in found.max().map { least...$0 } }
    }
    guard let least = values.min(), let largest = values.max() else { return nil }
    let ends = [meaning(of: least), meaning(of: largest)]
    return min(ends[0], ends[1])...max(ends[0], ends[1])
  }

  /// What a stored value stands for, such as Hounsfield units.
  private func meaning(of value: Int32) -> Double {
    modality.map { Double($0.entry(of: Int(value))) } ?? Double(value) * slope + intercept
  }

  private func level(of value: Int32, _ range: ClosedRange<Double>?) -> Float {
    let meaning = meaning(of: value)
    let level: Double
    switch display {
    case .window(let window): level = window.brightness(of: meaning)
    case .exact(let center, let width): level = min(max((meaning - center) / width + 0.5, 0), 1)
    case .sigmoid(let center, let width): level = 1 / (1 + exp(-4 * (meaning - center) / width))
    case .table(let table):
      let position = min(max(meaning.rounded(), -1e9), 1e9)
      level = Double(table.entry(of: Int(position))) / table.largest
    case .range:
      let (least, largest) = (range?.lowerBound ?? 0, range?.upperBound ?? 0)
      level = largest > least ? (meaning - least) / (largest - least) : 0
    }
    return Float(isInverted ? 1 - level : level)
  }
}
