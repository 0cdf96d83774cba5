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
    let file = sample.path.split(separator: "/").last.map(String.init) ?? "image"
    let name =
      (file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file)
      + (sample.frame.map { "_\($0)" } ?? "")
    var stem = name
    var number = 2
    while !stems.insert(stem).inserted {
      stem = "\(name)_\(number)"
      number += 1
    }
    return stem
  }

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
