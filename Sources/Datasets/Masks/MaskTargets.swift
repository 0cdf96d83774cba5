import Synchronization
package import Tensors

/// The mask of a sample as int32 [H, W], brought into the network's input as the image is, by the nearest pixel.
///
/// Pixels outside the image, and those that count nowhere, are `Mask.ignoredClass`. A third of the crops that show less than the image is
/// centred on a pixel of a class beside the background, where the mask has one.
package struct MaskTargets: TargetReader {
  private let classes: MaskClasses
  private let cache = MaskCache()

  /// A reader of masks of some classes.
  package init(_ classes: MaskClasses) { self.classes = classes }

  private func mask(of sample: Sample) throws(DatasetError) -> Mask {
    if let known = cache.mask(sample.index) { return known }
    guard let files = sample.mask else {
      throw DatasetError(.badData, "\(sample.quoted) has no mask", file: sample.path)
    }
    let mask = try files.joined(classes)
    cache.keep(mask, as: sample.index)
    return mask
  }

  package func focus(of sample: Sample, random: inout Random) throws(DatasetError) -> ImageFocus? {
    guard random.integer(below: 3) == 0 else { return nil }
    let mask = try mask(of: sample)
    let background = Int16(clamping: classes.background ?? -1)
    func isForeground(_ value: Int16) -> Bool { value >= 0 && value != background }
    let count = mask.classes.reduce(0) { $0 + (isForeground($1) ? 1 : 0) }
    guard count > 0 else { return nil }
    var left = random.integer(below: count)
    for (pixel, value) in mask.classes.enumerated() where isForeground(value) {
      guard left > 0 else {
        return ImageFocus(
          column: (Double(pixel % mask.width) + 0.5) / Double(mask.width),
          row: (Double(pixel / mask.width) + 0.5) / Double(mask.height))
      }
      left -= 1
    }
    return nil
  }

  package func form(under preprocessing: Preprocessing) -> (elementType: ElementType, extents: [Int]) {
    (.int32, [preprocessing.outputHeight, preprocessing.outputWidth])
  }

  package func write(
    _ sample: Sample, placed placement: ImagePlacement, into row: TensorView
  ) throws(DatasetError) {
    let mask = try mask(of: sample)
    let (height, width) = (placement.preprocessing.outputHeight, placement.preprocessing.outputWidth)
    let target = unsafe row.buffer(of: Int32.self)
    let columns = (0..<width).map { placement.column(at: $0, of: mask.width) }
    unsafe target.update(repeating: Int32(Mask.ignoredClass))
    for line in 0..<height {
      guard let source = placement.row(at: line, of: mask.height) else { continue }
      for (column, position) in columns.enumerated() {
        guard let position else { continue }
        unsafe target[line * width + column] = Int32(mask.classes[source * mask.width + position])
      }
    }
  }
}

/// Masks that stay in memory up to a limit, so that later epochs need not decode them again.
private final class MaskCache: Sendable {
  private let state = Mutex<(masks: [Int: Mask], byteCount: Int)>(([:], 0))
  private static let byteLimit = 1 << 29

  func mask(_ index: Int) -> Mask? { state.withLock { $0.masks[index] } }

  func keep(_ mask: Mask, as index: Int) {
    let byteCount = mask.classes.count * MemoryLayout<Int16>.stride
    state.withLock { state in
      guard state.masks[index] == nil, byteCount <= Self.byteLimit - state.byteCount else { return }
      state.masks[index] = mask
      state.byteCount += byteCount
    }
  }
}
