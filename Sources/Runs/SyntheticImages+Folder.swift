public import Datasets
import TensorFiles

extension SyntheticImages {
  /// Writes `{train,test}/<class>/<class>_0001.png`, palette masks under `masks/` in the same way, and `index.csv`.
  ///
  /// - Parameter isForced: whether files of these names that are there already are overwritten.
  /// - Throws: where such files are there, before anything is written; an error with the system's reason where a file cannot be
  ///   written.
  public func writeFolder(
    _ path: String, trainPerClass: Int, testPerClass: Int, isForced: Bool = false
  ) throws {
    let entries = entries(trainPerClass: trainPerClass, testPerClass: testPerClass)
    let table = "index.csv"
    try Destination.checkFiles(
      [table] + entries.flatMap { [$0.path, $0.maskPath] }, in: path, inputs: [], isForced: isForced)
    // Also those that stay empty.
    for part in ["train", "test"] {
      for name in task.classNames {
        try Folder.create("\(path)/\(part)/\(name)")
        try Folder.create("\(path)/masks/\(part)/\(name)")
      }
    }
    for entry in entries {
      let files = try files(of: entry)
      for (name, bytes) in [(entry.path, files.image), (entry.maskPath, files.mask)] {
        // Images that a crash of the system takes are drawn again.
        try AtomicWrite.file(at: "\(path)/\(name)", bytes: bytes, isDurable: false)
      }
    }
    try AtomicWrite.file(at: "\(path)/\(table)", bytes: Array(self.table(of: entries).utf8))
  }
}
