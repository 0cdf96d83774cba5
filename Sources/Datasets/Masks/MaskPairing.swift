/// Images and masks that belong together, frame by frame.
extension MaskList {
  /// A mask file of an image, as a folder or table names it.
  struct NamedMask {
    let path: String
    var frame: Int?
    var className: String?
  }

  /// Adds the images of a file with what their masks are.
  ///
  /// Images and masks of several frames go together by their number; those of a DICOM segmentation by the image that a frame refers to.
  /// - Parameters:
  ///   - frame: the one image of the file that is meant; nil for all.
  ///   - others: images of the file that are listed by themselves.
  ///   - group: what stays together, as a table says it; nil where no table does, for the file's patient.
  ///   - failures: what does not fit together, one error each.
  mutating func add(
    _ path: String, frame: Int?, except others: Set<Int> = [], masks: [NamedMask], split: Split?,
    group: String??,
    _ listed: inout ListedFiles,
    _ failures: inout [DatasetError]
  ) {
    let found = listed.images(ofFile: path)
    let frames = frame.map { [$0] } ?? found.frames.filter { $0.map { !others.contains($0) } ?? true }
    guard !frames.isEmpty else { return }
    let spacing =
      found.contents?.spacing
      ?? found.contents?.volume.flatMap { SliceGeometry($0, along: reading.axis).spacing }
    var added = frames.map { frame in
      Item(
        path: path, frame: frame, masks: [], split: split, group: group ?? found.group, spacing: spacing)
    }
    for mask in masks {
      let content = listed.contents(ofFile: mask.path)
      do throws(DatasetError) {
        let entries =
          if mask.frame == nil, let segmentation = content?.segmentation {
            try entries(of: segmentation, mask, path, frames, found.contents)
          } else {
            try entries(
              of: mask, listed.formats.frames(of: content, listed.reading), path, frames, found.frames)
          }
        for (position, entries) in entries.enumerated() { added[position].masks += entries }
        for (number, label) in content?.segmentation?.segments ?? [] { segmentNames[number] = label }
      } catch { failures.append(error) }
    }
    items += added
  }

  /// A mask for each of an image's frames.
  private func entries(
    of mask: NamedMask, _ maskFrames: [Int?], _ path: String, _ frames: [Int?], _ all: [Int?]
  ) throws(DatasetError) -> [[Entry]] {
    func entry(_ frame: Int?) -> [Entry] { [Entry(path: mask.path, frame: frame, className: mask.className)] }
    if let frame = mask.frame {
      guard frames.count == 1 else {
        throw .badFile(
          mask.path, "one mask (frame \(frame)) for the \(frames.count) images of '\(path)'",
          hint: "name the image's frame behind #, too, or give all masks of the file")
      }
      return [entry(frame)]
    }
    if frames.count == 1, maskFrames.count == 1 { return [entry(maskFrames[0])] }
    guard maskFrames.count == all.count else {
      throw .badFile(
        mask.path,
        "\(DatasetNote.counted(maskFrames.count, "mask")) for the \(DatasetNote.counted(all.count, "image")) of '\(path)'",
        hint: "image and mask must have as many slices or frames, cut along the same axis")
    }
    return frames.map { frame in
      entry(frame.flatMap { maskFrames.indices.contains($0) ? maskFrames[$0] : nil })
    }
  }

  /// The frames of a segmentation for each of an image's frames; where it found nothing, an empty mask.
  private func entries(
    of segmentation: SegmentedFrames, _ mask: NamedMask, _ path: String, _ frames: [Int?],
    _ contents: FileContents?
  ) throws(DatasetError) -> [[Entry]] {
    guard let instance = contents?.instance else {
      throw .badFile(
        mask.path, "a DICOM segmentation refers to DICOM images, and '\(path)' is none",
        hint: "give the DICOM file that was segmented")
    }
    guard segmentation.refers(to: instance) else {
      throw .badFile(
        mask.path, "no frame of the segmentation refers to '\(path)'",
        hint: "give the segmentation that was made of this image, or leave the image out")
    }
    return frames.map { frame in
      let meant = segmentation.frames.indices.filter { index in
        guard let found = segmentation.frames[index], found.instance == instance else { return false }
        return frame == nil || found.frame == nil || found.frame == frame
      }
      guard meant.isEmpty else { return meant.map { Entry(path: mask.path, frame: $0) } }
      return [
        Entry(path: mask.path, frame: nil, emptySize: (segmentation.width, segmentation.height))
      ]
    }
  }
}

extension SegmentedFrames {
  /// Whether an image was segmented.
  func refers(to instance: String) -> Bool {
    instances.contains(instance) || frames.contains { $0?.instance == instance }
  }
}
