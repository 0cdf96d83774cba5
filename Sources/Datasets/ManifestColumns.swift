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
  /// The mask file; nil in tables of classes.
  let mask: Int?
  /// The class of a mask file.
  let maskClass: Int?

  /// Finds the columns by their names.
  ///
  /// - Throws: where the file or the class has no column, or two could be meant.
  init(of table: CSVTable, file path: String) throws(DatasetError) {
    let hint = "the header is file,class[,split][,group] or file,class_index[,name][,split][,group]"
    file = try Self.file(of: table, path, hint)
    (mask, maskClass) = (nil, nil)
    index = try table.column("class_index")
    let label = try table.column("class", "label")
    let named = index == nil ? nil : try table.column("name")
    name = named ?? label
    guard index != nil || name != nil else {
      throw .badFile(
        path,
        "neither a column 'class' nor 'label' nor 'class_index'; found \(table.header.joined(separator: ", "))",
        hint: hint)
    }
    part = try Self.part(of: table)
    group = try table.column("group")
  }

  /// Finds the columns of a table of masks.
  ///
  /// - Throws: where the file or the mask has no column, or two could be meant.
  init(ofMasks table: CSVTable, file path: String) throws(DatasetError) {
    let hint = "the header is image,mask[,mask_class][,split][,group]"
    file = try Self.file(of: table, path, hint)
    guard let mask = try table.column("mask", "mask_file", "mask_path") else {
      throw .badFile(
        path, "no column 'mask'; found \(table.header.joined(separator: ", "))", hint: hint)
    }
    self.mask = mask
    maskClass = try table.column("mask_class")
    (index, name) = (nil, nil)
    part = try Self.part(of: table)
    group = try table.column("group")
  }

  private static func file(of table: CSVTable, _ path: String, _ hint: String) throws(DatasetError) -> Int {
    if let file = try table.column("file", "image", "path", "filename") { return file }
    throw .badFile(
      path,
      "no column 'file', 'image', 'path' or 'filename'; found \(table.header.joined(separator: ", "))",
      hint: hint)
  }

  private static func part(of table: CSVTable) throws(DatasetError) -> Int? {
    try table.column("split", "part", "set")
  }
}
