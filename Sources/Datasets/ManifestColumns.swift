/// Which columns of a table say what.
struct ManifestColumns {
  /// The image file.
  let file: Int
  /// The class's number.
  let index: Int?
  /// The class's name; present where `index` is not.
  let name: Int?
  /// The part of the data set.
  let part: Int?
  /// What must stay together.
  let group: Int?

  /// Finds the columns by their names.
  ///
  /// - Throws: where the file or the class has no column, or two could be meant.
  init(of table: CSVTable, file path: String) throws(DatasetError) {
    let found = table.header.joined(separator: ", ")
    let hint = "the header is file,class[,split][,group] or file,class_index[,name][,split][,group]"
    guard let file = try table.column("file", "image", "path", "filename") else {
      throw .badFile(path, "no column 'file', 'image', 'path' or 'filename'; found \(found)", hint: hint)
    }
    self.file = file
    index = try table.column("class_index")
    let label = try table.column("class", "label")
    let named = index == nil ? nil : try table.column("name")
    name = named ?? label
    guard index != nil || name != nil else {
      throw .badFile(
        path, "neither a column 'class' nor 'label' nor 'class_index'; found \(found)", hint: hint)
    }
    part = try table.column("split", "part", "set")
    group = try table.column("group")
  }
}
