package import Datasets
import TensorFiles
package import Tensors

/// The folder into which answers that are files are written.
package final class PredictionFolder {
  /// The folder.
  package let path: String
  /// Whether class probabilities are written beside masks.
  package let writesProbabilities: Bool
  private let inputs: [String]
  private let isForced: Bool
  private var stems: Set<String> = []
  /// Masks of volumes whose slices come one after the other, by the volume's file.
  private var volumes: [String: VolumeMask] = [:]

  /// A folder.
  ///
  /// - Parameters:
  ///   - inputs: files that are never overwritten.
  ///   - isForced: whether other files that are there already are.
  package init(_ path: String, writesProbabilities: Bool, inputs: [String], isForced: Bool) {
    (self.path, self.writesProbabilities) = (path, writesProbabilities)
    (self.inputs, self.isForced) = (inputs, isForced)
  }

  /// The start of the names of an image's files: its own name, with a number behind it where another image has it too.
  package func stem(of sample: Sample) -> String {
    stem(named: sample.stem + (sample.frame.map { "_\($0)" } ?? ""))
  }

  /// The start of the names of files, with a number behind it where others have it too.
  func stem(named name: String) -> String {
    var stem = name
    var number = 2
    while !stems.insert(stem).inserted {
      stem = "\(name)_\(number)"
      number += 1
    }
    return stem
  }

  /// Expects all slices of the volumes among these images, so that their masks become volumes too.
  package func expectVolumes(in samples: [Sample]) {
    var counts: [String: Int] = [:]
    for sample in samples where sample.frame != nil { counts[sample.path, default: 0] += 1 }
    for sample in samples where counts[sample.path] != nil && volumes[sample.path] == nil {
      guard let volume = VolumeMask(of: sample), volume.sliceCount == counts[sample.path] else { continue }
      volumes[sample.path] = volume
    }
  }

  /// The mask of the volume that an image is a slice of; nil where it stands alone.
  func volume(of sample: Sample) -> VolumeMask? { volumes[sample.path] }

  /// Writes a file and returns its path.
  package func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = try destination(name)
    try AtomicWrite.file(at: file, bytes: bytes)
    return file
  }

  /// Writes a tensor as .npy and returns its path.
  package func write(_ tensor: Tensor, to name: String) throws -> String {
    let file = try destination(name)
    try TensorFile.write(tensor, name: "probabilities", to: file)
    return file
  }

  private func destination(_ name: String) throws -> String {
    try Folder.create(path)
    let file = "\(path)/\(name)"
    try Destination.checkFile(file, inputs: inputs, isForced: isForced)
    return file
  }

  /// The task answers with files, and no folder was named.
  static let missing = DatasetError(
    .usage, "the model answers with masks, which are files", hint: "name a folder for them with --output")
}
