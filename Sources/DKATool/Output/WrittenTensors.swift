import DKA

/// What a verb says of the tensors that it has written.
enum WrittenTensors {
  /// An object per tensor, in the order of the files.
  static func json(_ tensors: [Tensor], names: [String], files: [String], in folder: String) -> JSONValue {
    .array(
      zip(tensors, zip(names, files)).map { tensor, entry in
        [
          "name": .string(entry.0), "file": .string(folder + "/" + entry.1),
          "type": .string(tensor.elementType.name), "shape": JSONValue(tensor.shape.extents),
        ]
      })
  }

  /// A line per tensor.
  static func text(_ tensors: [Tensor], names: [String], files: [String], in folder: String) -> String {
    zip(tensors, zip(names, files)).map { tensor, entry in
      "\(folder)/\(entry.1)  '\(entry.0)', \(tensor.elementType.name) \(tensor.shape)"
    }.joined(separator: "\n")
  }
}
