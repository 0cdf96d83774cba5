import CGDCM

/// An attribute of a DICOM data set by its group and element.
struct DICOMTag: Hashable {
  let group: UInt16
  let element: UInt16

  init(_ group: UInt16, _ element: UInt16) { (self.group, self.element) = (group, element) }
}

extension DICOMTag {
  static let classIdentifier = DICOMTag(0x0008, 0x0016)
  static let instanceIdentifier = DICOMTag(0x0008, 0x0018)
  static let patientIdentifier = DICOMTag(0x0010, 0x0020)
  static let samplesPerPixel = DICOMTag(0x0028, 0x0002)
  static let photometricInterpretation = DICOMTag(0x0028, 0x0004)
  static let planarConfiguration = DICOMTag(0x0028, 0x0006)
  static let numberOfFrames = DICOMTag(0x0028, 0x0008)
  static let rows = DICOMTag(0x0028, 0x0010)
  static let columns = DICOMTag(0x0028, 0x0011)
  static let pixelSpacing = DICOMTag(0x0028, 0x0030)
  static let bitsAllocated = DICOMTag(0x0028, 0x0100)
  static let bitsStored = DICOMTag(0x0028, 0x0101)
  static let highBit = DICOMTag(0x0028, 0x0102)
  static let pixelRepresentation = DICOMTag(0x0028, 0x0103)
  static let windowCenter = DICOMTag(0x0028, 0x1050)
  static let windowWidth = DICOMTag(0x0028, 0x1051)
  static let rescaleIntercept = DICOMTag(0x0028, 0x1052)
  static let rescaleSlope = DICOMTag(0x0028, 0x1053)
  static let lookupFunction = DICOMTag(0x0028, 0x1056)
  static let modalityTables = DICOMTag(0x0028, 0x3000)
  static let tableDescriptor = DICOMTag(0x0028, 0x3002)
  static let tableData = DICOMTag(0x0028, 0x3006)
  static let displayTables = DICOMTag(0x0028, 0x3010)
  static let pixelMeasures = DICOMTag(0x0028, 0x9110)
  static let frameDisplayTables = DICOMTag(0x0028, 0x9132)
  static let valueTransformation = DICOMTag(0x0028, 0x9145)
  static let sharedGroups = DICOMTag(0x5200, 0x9229)
  static let perFrameGroups = DICOMTag(0x5200, 0x9230)
  static let pixelData = DICOMTag(0x7FE0, 0x0010)
}

/// A parsed DICOM file; belongs to one thread at a time.
@safe final class DICOMFile {
  private let handle: OpaquePointer
  // The parser keeps pointing into the bytes.
  private let bytes: [UInt8]

  /// Parses a file.
  ///
  /// - Parameter hasPixels: whether pixel data are read too.
  /// - Throws: where it cannot be parsed or ends too early.
  init(_ content: Span<UInt8>, hasPixels: Bool) throws(CodecError) {
    bytes = unsafe content.withUnsafeBytes { unsafe [UInt8]($0) }
    var message = [CChar](repeating: 0, count: Int(CGDCM_MESSAGE_LENGTH))
    let opened = unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe cgdcm_open(bytes.baseAddress, bytes.count, hasPixels ? 1 : 0, &message)
    }
    guard let opened = unsafe opened else { throw CodecError(cText: message) }
    unsafe handle = opened
  }

  deinit { unsafe cgdcm_close(handle) }

  /// The attributes of the file.
  var root: DICOMDataSet { unsafe DICOMDataSet(file: self, pointer: cgdcm_root(handle)) }

  /// The transfer syntax as errors name it.
  var transferSyntax: String {
    var identifier = [CChar](repeating: 0, count: 80)
    var name = [CChar](repeating: 0, count: 160)
    unsafe cgdcm_transfer_syntax(handle, &identifier, identifier.count, &name, name.count)
    func text(_ characters: [CChar]) -> String {
      String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    let title = text(name).split(separator: ":").first.map(String.init) ?? ""
    return title.isEmpty ? "transfer syntax \(text(identifier))" : "\(title) (\(text(identifier)))"
  }

  /// What the pixel data hold and their bytes.
  func pixels() throws(CodecError) -> (format: cgdcm_pixel_format, bytes: [UInt8]) {
    var message = [CChar](repeating: 0, count: Int(CGDCM_MESSAGE_LENGTH))
    var format = cgdcm_pixel_format()
    var count = 0
    guard let start = unsafe cgdcm_pixels(handle, &format, &count, &message) else {
      throw CodecError(cText: message)
    }
    return unsafe (format, [UInt8](UnsafeBufferPointer(start: start, count: count)))
  }

  fileprivate func item(_ set: OpaquePointer?, _ tag: DICOMTag, _ index: Int) -> DICOMDataSet? {
    guard let item = unsafe cgdcm_item(handle, set, tag.group, tag.element, index) else { return nil }
    return unsafe DICOMDataSet(file: self, pointer: item)
  }

  fileprivate func itemCount(_ set: OpaquePointer?, _ tag: DICOMTag) -> Int {
    unsafe cgdcm_item_count(handle, set, tag.group, tag.element)
  }
}

/// Attributes: those of a file, or of an item of a sequence.
@safe struct DICOMDataSet {
  private let file: DICOMFile
  private let pointer: OpaquePointer?

  fileprivate init(file: DICOMFile, pointer: OpaquePointer?) {
    unsafe (self.file, self.pointer) = (file, pointer)
  }

  /// Whether an attribute is there, be it empty.
  func holds(_ tag: DICOMTag) -> Bool { unsafe cgdcm_holds(pointer, tag.group, tag.element) != 0 }

  /// The bytes of an attribute; nil where it is missing or empty.
  func bytes(_ tag: DICOMTag) -> [UInt8]? {
    var count = 0
    guard let start = unsafe cgdcm_value(pointer, tag.group, tag.element, &count), count > 0 else {
      return nil
    }
    return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  }

  /// The texts of an attribute, without the blanks and zeros around them.
  func texts(_ tag: DICOMTag) -> [String] {
    guard let bytes = bytes(tag) else { return [] }
    return bytes.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false).map { part in
      let text = part.drop { $0 == 0x20 || $0 == 0 }
      let end = text.lastIndex { $0 != 0x20 && $0 != 0 }.map { $0 + 1 } ?? text.startIndex
      return String(decoding: text[..<end], as: UTF8.self)
    }
  }

  /// The first text of an attribute; nil where it is missing or empty.
  func text(_ tag: DICOMTag) -> String? { texts(tag).first.flatMap { $0.isEmpty ? nil : $0 } }

  /// Numbers that are written as texts.
  func decimals(_ tag: DICOMTag) -> [Double] { texts(tag).compactMap { Double($0) } }

  /// Numbers of 16 bits.
  func words(_ tag: DICOMTag) -> [UInt16] {
    guard let bytes = bytes(tag) else { return [] }
    return (0..<bytes.count / 2).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
  }

  /// The first number of 16 bits; nil where there is none.
  func word(_ tag: DICOMTag) -> Int? { words(tag).first.map(Int.init) }

  /// An item of a sequence; nil where there is none.
  func item(_ tag: DICOMTag, _ index: Int = 0) -> DICOMDataSet? { unsafe file.item(pointer, tag, index) }

  /// All items of a sequence.
  func items(_ tag: DICOMTag) -> [DICOMDataSet] {
    let count = unsafe file.itemCount(pointer, tag)
    return (0..<count).compactMap { item(tag, $0) }
  }
}
