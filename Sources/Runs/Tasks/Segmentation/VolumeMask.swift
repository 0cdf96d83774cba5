import Datasets
import Training

/// The mask of a volume while its slices are answered, one after the other.
final class VolumeMask {
  private let header: NIfTIHeader
  private let geometry: SliceGeometry
  private let path: String
  private var voxels: [UInt8]
  private var (slices, foreground) = (0, 0)
  /// Pixels of each class in all slices.
  private var counts: [Int] = []
  private var picture: Image?
  private var probabilities: [String] = []

  /// The mask of the volume that an image is a slice of; nil where it is none of a volume.
  init?(of sample: Sample) {
    guard let header = ImageFormats.standard.contents(ofFile: sample.path)?.volume else { return nil }
    (self.header, path) = (header, sample.path)
    geometry = SliceGeometry(header, along: sample.reading.axis)
    voxels = [UInt8](repeating: 0, count: header.extents.reduce(1, *))
  }

  /// Slices of the volume.
  var sliceCount: Int { geometry.count }

  /// Takes a slice's mask.
  ///
  /// - Returns: the whole mask, written, once all slices are there.
  func add(
    _ scores: ResizedScores, of sample: Sample, _ classes: MaskClasses, into folder: PredictionFolder
  ) throws -> MaskPrediction? {
    let image = try ImageFile.read(sample)
    let mask = scores.mask(width: geometry.width, height: geometry.height)
    let fits = classes.values.allSatisfy { $0 < 256 }
    for row in 0..<geometry.height {
      for column in 0..<geometry.width {
        let index = Int(mask.classes[row * geometry.width + column])
        let voxel = geometry.voxel(slice: sample.frame ?? 0, row: row, column: column)
        voxels[voxel] = index < 0 ? 0 : UInt8(clamping: fits ? classes.values[index] : index)
      }
    }
    if counts.isEmpty { counts = [Int](repeating: 0, count: classes.names.count) }
    var found = 0
    for index in mask.classes where index >= 0 {
      counts[Int(index)] += 1
      if Int(index) != classes.background { found += 1 }
    }
    // The slice with most of what is looked for is the one to look at.
    if picture == nil || found > foreground {
      (picture, foreground) = (MaskPicture.overlay(mask, on: image, classes), found)
    }
    if folder.writesProbabilities {
      probabilities.append(
        try folder.write(
          scores.probabilities(width: geometry.width, height: geometry.height),
          to: folder.stem(of: sample) + "_probabilities.npy"))
    }
    slices += 1
    guard slices == geometry.count, let picture else { return nil }
    let stem = folder.stem(named: sample.stem)
    let isCompressed = path.lowercased().hasSuffix(".gz")
    let file = try NIfTIMask.file(voxels, on: header, isCompressed: isCompressed)
    return MaskPrediction(
      image: path, mask: try folder.write(file, to: stem + (isCompressed ? "_mask.nii.gz" : "_mask.nii")),
      overlay: try folder.write(try PNGCoder.encode(picture), to: stem + "_overlay.png"),
      probabilities: probabilities, counts: counts, classes)
  }
}
