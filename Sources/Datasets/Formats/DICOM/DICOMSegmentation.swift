/// Segmentations in DICOM (PS3.3, A.51): bitmaps, each of one class in one image.
enum DICOMSegmentation {
  private static let classIdentifier = "1.2.840.10008.5.1.4.1.1.66.4"
  private static let segmentNumber = DICOMTag(0x0062, 0x0004)
  private static let referencedSegment = DICOMTag(0x0062, 0x000B)
  private static let referencedInstance = DICOMTag(0x0008, 0x1155)

  /// Whether a file is a segmentation.
  static func isSegmentation(_ root: DICOMDataSet) -> Bool { root.text(.classIdentifier) == classIdentifier }

  /// What the frames are masks of.
  ///
  /// - Throws: for segmentations that are not of bits.
  static func frames(of root: DICOMDataSet) throws(CodecError) -> SegmentedFrames {
    let type = root.text(DICOMTag(0x0062, 0x0001)) ?? "BINARY"
    guard type == "BINARY" else {
      throw CodecError(reason: "segmentations of type \(type) are not read, those of type BINARY are")
    }
    let shared = root.item(.sharedGroups)
    let groups = root.items(.perFrameGroups)
    let frames = (0..<DICOMPixels.frameCount(of: root)).map { index -> SegmentedFrames.Frame? in
      let sets = [index < groups.count ? groups[index] : nil, shared].compactMap(\.self)
      guard let segment = segment(in: sets),
        let source = sets.lazy.compactMap({
          $0.item(DICOMTag(0x0008, 0x9124))?.item(DICOMTag(0x0008, 0x2112))
        }).first,
        let instance = source.text(referencedInstance)
      else { return nil }
      // Frames are counted from 1 there.
      let frame = source.decimals(DICOMTag(0x0008, 0x1160)).first.flatMap { Int(exactly: $0) }
      return SegmentedFrames.Frame(instance: instance, frame: frame.map { $0 - 1 }, segment: segment)
    }
    let segments = root.items(DICOMTag(0x0062, 0x0002)).compactMap { set in
      set.word(segmentNumber).map { ($0, set.text(DICOMTag(0x0062, 0x0005)) ?? "segment \($0)") }
    }
    let instances = root.items(DICOMTag(0x0008, 0x1115)).flatMap { series in
      series.items(DICOMTag(0x0008, 0x114A)).compactMap { $0.text(referencedInstance) }
    }
    return SegmentedFrames(
      frames: frames, segments: segments, instances: instances, width: root.word(.columns) ?? 0,
      height: root.word(.rows) ?? 0)
  }

  /// Number of the class that a frame is a bitmap of.
  ///
  /// - Throws: where it names none.
  static func segment(ofFrame frame: Int, _ root: DICOMDataSet) throws(CodecError) -> Int {
    let sets = [root.item(.perFrameGroups, frame), root.item(.sharedGroups)].compactMap(\.self)
    guard let segment = segment(in: sets) else {
      throw CodecError(reason: "frame \(frame) does not say which segment it is of")
    }
    return segment
  }

  /// Number of the class that the first of these groups of attributes names.
  private static func segment(in sets: [DICOMDataSet]) -> Int? {
    sets.lazy.compactMap { $0.item(DICOMTag(0x0062, 0x000A))?.word(referencedSegment) }.first
  }
}
